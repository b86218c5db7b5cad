// Applies a plan that ends a KMS key in a process of its own, to be killed. argv: platform URL, state URL, KMS file,
// passphrase, plan id, and the call of the service at which it kills itself: `before:disableKey`, `after:disableKey`.
import { openPool } from '../../src/lib/base/postgres.ts';
import { openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { keyDestroy, keyRetire } from '../../src/lib/key/destroy/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadPlan } from '../../src/lib/operation/plan-store.ts';
import { destroyContextOn } from './destroy-context.ts';

const [platformUrl = '', stateUrl = '', kmsPath = '', passphrase = '', planId = '', killAt = ''] =
  process.argv.slice(2);
const pool = await openPool({ url: stateUrl, role: 'state database', max: 10 });
const opened = await openLocalKms({ path: kmsPath, unlock: { passphrase } });
const kms = new Proxy(opened, {
  get: (target, name, receiver) => {
    const member: unknown = Reflect.get(target, name, receiver);
    if (typeof member !== 'function') return member;
    return (...values: unknown[]) => {
      die(`before:${String(name)}`);
      const answer: unknown = Reflect.apply(member, target, values);
      if (!(answer instanceof Promise)) return answer;
      return answer.then((result: unknown) => {
        die(`after:${String(name)}`);
        return result;
      });
    };
  },
});
const { body } = await loadPlan(pool, planId);
await applyPlan(
  await destroyContextOn({ platformUrl, pool, kms }),
  body.kind === 'key.retire' ? keyRetire : keyDestroy,
  planId,
);
await pool.end();

function die(point: string): void {
  if (point === killAt) process.kill(process.pid, 'SIGKILL');
}
