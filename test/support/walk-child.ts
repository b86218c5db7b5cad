// Applies a plan that walks through rows in a process of its own, to be killed. argv: platform URL, state URL, KMS file,
// passphrase, plan id.
import { openPool } from '../../src/lib/base/postgres.ts';
import { openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { keyAdopt, keyAdoptFinish } from '../../src/lib/key/adopt/index.ts';
import { finishHmac, rotateHmac } from '../../src/lib/key/hmac/index.ts';
import { keyReencrypt } from '../../src/lib/key/reencrypt/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadPlan } from '../../src/lib/operation/plan-store.ts';
import { adoptMap } from './adopt-world.ts';
import { hmacMap } from './hmac-world.ts';
import { keyContextOn, keyMap } from './key-context.ts';

const [platformUrl = '', stateUrl = '', kmsPath = '', passphrase = '', planId = ''] = process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database', max: 10 });
const kms = await openLocalKms({ path: kmsPath, unlock: { passphrase } });
process.stdout.write('ready\n');
try {
  await apply();
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();

async function apply(): Promise<unknown> {
  const { kind } = (await loadPlan(pool, planId)).body;
  const map = await readMap(kind);
  const context = await keyContextOn({ platformUrl, pool, kms }, { map: () => Promise.resolve(map) });
  if (kind === keyReencrypt.kind) return applyPlan(context, keyReencrypt, planId);
  const rotation = [rotateHmac, finishHmac].find((one) => one.kind === kind);
  if (rotation !== undefined) return applyPlan(context, rotation, planId);
  const pgcryptoPassphrase = () => Promise.resolve('');
  const adoption = kind === keyAdopt.kind ? keyAdopt : keyAdoptFinish;
  return applyPlan({ ...context, pgcryptoPassphrase }, adoption, planId);
}

function readMap(kind: string) {
  if (kind.startsWith('key.adopt')) return adoptMap();
  return kind.startsWith('key.rotate-hmac') ? hmacMap() : keyMap();
}
