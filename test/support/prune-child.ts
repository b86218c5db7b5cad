// Applies a plan to prune in a process of its own, which kills itself. argv: state URL, folder of the store, plan id,
// the number of deletes before the kill, whether the kill comes before or after the next one, and the time.

import { backupPrune } from '../../src/lib/backup/prune/kind.ts';
import { openPool } from '../../src/lib/base/postgres.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { testContext } from './operation.ts';

const [stateUrl = '', path = '', planId = '', deletes = '', when = '', now = ''] = process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database' });
const store = await openLocalObjectStore({ path, durability: 'fast' });
let left = Number(deletes);
const context = {
  // The plan was made by a clock that stands still.
  ...testContext({ pool }, { clock: { now: () => new Date(now) } }),
  destination: async (name: string) => ({
    name,
    prefix: `${name}/test/`,
    keyringAge: 35 * 86_400_000,
    store: {
      ...store,
      delete: async (...request: Parameters<typeof store.delete>) => {
        if (left === 0 && when === 'before') process.kill(process.pid, 'SIGKILL');
        const outcome = await store.delete(...request);
        if (left === 0) process.kill(process.pid, 'SIGKILL');
        left -= 1;
        return outcome;
      },
    },
  }),
};
await applyPlan(context, backupPrune, planId);
await pool.end();
