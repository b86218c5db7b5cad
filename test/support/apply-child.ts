// Applies a toy plan in a process of its own, to be killed. argv: state URL, effects URL, plan id, signing key file,
// and optionally the point (`after:2`) at which it kills itself.
import { readFile } from 'node:fs/promises';
import { openPool } from '../../src/lib/base/postgres.ts';
import { ed25519Signer } from '../../src/lib/crypto/dsse.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { testContext } from './operation.ts';
import { type ToyContext, toyKind } from './toy-kind.ts';

const [stateUrl = '', effectsUrl = '', planId = '', keyFile = '', killAt] = process.argv.slice(2);
const state = await openPool({ url: stateUrl, role: 'state database' });
const effects = await openPool({ url: effectsUrl, role: 'effects database' });
const signer = ed25519Signer(await readFile(keyFile, 'utf8'));
const context: ToyContext = {
  ...testContext({ pool: state }, { certificateSigner: () => Promise.resolve(signer) }),
  effects,
  at: (point, step) => {
    if (killAt === `${point}:${step}`) process.kill(process.pid, 'SIGKILL');
  },
};
process.stdout.write('ready\n');
try {
  await applyPlan(context, toyKind, planId);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await Promise.all([state.end(), effects.end()]);
