// Rotates pseudonyms in a process of its own, to be killed. argv: platform URL, state URL, key, data map, plan id.
import { openPool } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { rotatePseudonyms } from '../../src/lib/subject/pseudonym/rotate/index.ts';
import { pseudonymContextOn } from './pseudonym-context.ts';

const [platformUrl = '', stateUrl = '', secret = '', map = '', planId = ''] = process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database' });
await applyPlan(pseudonymContextOn({ platformUrl, pool, secret, map }), rotatePseudonyms, planId);
await pool.end();
