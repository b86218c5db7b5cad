// Applies a re-encryption in a process of its own, to be killed. argv: platform URL, state URL, KMS file, passphrase,
// plan id.
import { openPool } from '../../src/lib/base/postgres.ts';
import { openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { keyReencrypt } from '../../src/lib/key/reencrypt/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { keyContextOn } from './key-context.ts';

const [platformUrl = '', stateUrl = '', kmsPath = '', passphrase = '', planId = ''] = process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database', max: 10 });
const kms = await openLocalKms({ path: kmsPath, unlock: { passphrase } });
process.stdout.write('ready\n');
try {
  await applyPlan(await keyContextOn({ platformUrl, pool, kms }), keyReencrypt, planId);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();
