// Applies a rotation in a process of its own, to be killed. argv: state URL, plan id ('': without a plan), the point (`before:2`, `after:2` of
// a step; `rename-before:1`, `rename-after:1` of a file) at which it kills itself or '', milliseconds by which
// its clock goes ahead, the secret key, public keys.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { openPool } from '../../src/lib/base/postgres.ts';
import { openpgpRotation, prepareElsewhere } from '../../src/lib/key/openpgp/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { keyContext, rotateOptions } from './openpgp-world.ts';
import { clockAt, testContext } from './operation.ts';

const [stateUrl = '', planId = '', killAt = '', ahead = '', secretFile = '', a = '', b = ''] =
  process.argv.slice(2);
const die = (point: string): void => {
  if (point === killAt) process.kill(process.pid, 'SIGKILL');
};
const { rename } = fs.promises;
let renames = 0;
fs.promises.rename = async (...paths) => {
  const index = renames;
  renames += 1;
  die(`rename-before:${index}`);
  await rename(...paths);
  die(`rename-after:${index}`);
};
syncBuiltinESMExports();
const pool = await openPool({ url: stateUrl, role: 'state database' });
const clock = clockAt(Number(ahead));

async function applyWithPlan(): Promise<void> {
  const context = keyContext(testContext({ pool }, { clock }), { secretFile, publicFiles: [a, b] });
  const dying: typeof openpgpRotation = {
    ...openpgpRotation,
    applyStep: async (own, plan, index, journal) => {
      die(`before:${index}`);
      const result = await openpgpRotation.applyStep(own, plan, index, journal);
      die(`after:${index}`);
      return result;
    },
  };
  await applyPlan(context, dying, planId);
}

async function rotateWithoutPlan(): Promise<void> {
  const options = { ...rotateOptions(secretFile), passphrase: undefined, publicOut: a };
  await (await prepareElsewhere(options, clock.now())).rotate();
}

process.stdout.write('ready\n');
try {
  await (planId === '' ? rotateWithoutPlan() : applyWithPlan());
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();
