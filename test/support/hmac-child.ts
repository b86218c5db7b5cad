// Applies a plan of `key rotate hmac` in a process of its own, to be killed. argv: platform URL, state URL, KMS file,
// passphrase, plan id.
import { openPool } from '../../src/lib/base/postgres.ts';
import { openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { finishHmac, rotateHmac } from '../../src/lib/key/hmac/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadPlan } from '../../src/lib/operation/plan-store.ts';
import { hmacMap } from './hmac-world.ts';
import { keyContextOn } from './key-context.ts';

const [platformUrl = '', stateUrl = '', kmsPath = '', passphrase = '', planId = ''] = process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database', max: 10 });
const kms = await openLocalKms({ path: kmsPath, unlock: { passphrase } });
const map = await hmacMap();
process.stdout.write('ready\n');
try {
  const { body } = await loadPlan(pool, planId);
  const context = await keyContextOn({ platformUrl, pool, kms }, { map: () => Promise.resolve(map) });
  const kind = body.kind === rotateHmac.kind ? rotateHmac : finishHmac;
  await applyPlan(context, kind, planId);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();
