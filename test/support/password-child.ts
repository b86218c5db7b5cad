// Applies a rotation in a process of its own, to be killed. argv: state URL, database URL, folder, plan id, the point
// (`before:2`) at which it kills itself or '', and the roles.
import { openPool } from '../../src/lib/base/postgres.ts';
import { type PasswordContext, passwordRotation } from '../../src/lib/key/password/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { testContext } from './operation.ts';
import { managedPassword } from './password-world.ts';

const [stateUrl = '', databaseUrl = '', folder = '', planId = '', killAt = '', ...roles] =
  process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database' });
const die = (point: string): void => {
  if (point === killAt) process.kill(process.pid, 'SIGKILL');
};
const managed = managedPassword({ roles, folder, databaseUrl });
const { pending, places } = managed;
const context: PasswordContext = {
  ...testContext({ pool }),
  stateLogin: () => Promise.resolve({ role: 'postern_state', server: 'elsewhere:5432' }),
  password: () => ({
    ...managed,
    pending: {
      ...pending,
      write: async (text) => {
        await pending.write(text);
        die('waiting');
      },
      remove: async () => {
        await pending.remove();
        die('forgotten');
      },
    },
    places: places.map((place) => ({
      ...place,
      publish: async (secret) => {
        await place.publish(secret);
        die('published');
      },
    })),
  }),
};
process.stdout.write('ready\n');
try {
  await applyPlan(
    context,
    {
      ...passwordRotation,
      applyStep: async (own, plan, index, journal) => {
        die(`before:${index}`);
        const result = await passwordRotation.applyStep(own, plan, index, journal);
        die(`after:${index}`);
        return result;
      },
    },
    planId,
  );
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();
