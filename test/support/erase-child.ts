// Applies an erasure in a process of its own, which kills itself before a statement. argv: state URL, platform URL,
// folder of the objects, file of the map, plan id, the number of that statement (0: none), and the plan's kind.
import pg from 'pg';
import { openPool } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadDataMap } from '../../src/lib/platform/map/index.ts';
import { subjectErase } from '../../src/lib/subject/erase/index.ts';
import { tenantOffboard } from '../../src/lib/subject/offboard/index.ts';
import { eraseContextOn } from './erase-world.ts';

const [stateUrl = '', url = '', folder = '', mapFile = '', planId = '', killAt = '0', kind = ''] =
  process.argv.slice(2);
let statements = 0;
// Every statement of every connection goes through it.
// oxlint-disable-next-line typescript/unbound-method -- the proxy hands `this` on.
pg.Client.prototype.query = new Proxy(pg.Client.prototype.query, {
  apply: (query, client, values) => {
    statements += 1;
    if (statements === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(query, client, values) as unknown;
  },
});
const pool = await openPool({ url: stateUrl, role: 'state database' });
const { map } = await loadDataMap(mapFile);
try {
  await applyPlan(
    await eraseContextOn({ url, pool, folder, map }),
    kind === 'tenant.offboard' ? tenantOffboard : subjectErase,
    planId,
  );
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();
