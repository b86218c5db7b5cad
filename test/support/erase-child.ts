// Applies an erasure in a process of its own, which kills itself before a statement. argv: state URL, platform URL,
// folder of the objects, file of the map, plan id, and the number of that statement (0: none).
import pg from 'pg';
import { openPool } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadDataMap } from '../../src/lib/platform/map/index.ts';
import { subjectErase } from '../../src/lib/subject/erase/index.ts';
import { eraseContextOn } from './erase-world.ts';

const [stateUrl = '', url = '', folder = '', mapFile = '', planId = '', killAt = '0'] = process.argv.slice(2);
let statements = 0;
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function counted(this: pg.Client, ...values: unknown[]) {
  statements += 1;
  if (statements === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  return Reflect.apply(query, this, values) as never;
} as typeof query;
const pool = await openPool({ url: stateUrl, role: 'state database' });
const { map } = await loadDataMap(mapFile);
try {
  await applyPlan(await eraseContextOn({ url, pool, folder, map }), subjectErase, planId);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 1;
}
await pool.end();
