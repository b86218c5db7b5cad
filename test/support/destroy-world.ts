import { currentActor } from '../../src/lib/audit/actor.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import {
  assessDestroy,
  assessRetire,
  type DestroyContext,
  type DestroyOptions,
  keyDestroy,
  keyRetire,
  planKeyDestroy,
  planKeyRetire,
} from '../../src/lib/key/destroy/index.ts';
import { planKekRotation, rotateKek } from '../../src/lib/key/kek/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { approvePlan, signPlan } from '../../src/lib/operation/approval.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { destroyContextOn } from './destroy-context.ts';
import { type KeyWorld, keyWorld } from './key-world.ts';
import { signedBy, type TestOperator, testOperator } from './operation.ts';

/** A platform whose data keys lay under one KMS key, and were moved to another. */
export interface DestroyWorld extends Omit<KeyWorld, 'context'> {
  /** The key that wraps no more: its ARN. */
  readonly old: string;
  readonly next: string;
  /** The author, and three who can approve. */
  readonly operators: readonly [TestOperator, TestOperator, TestOperator, TestOperator];
  context(own?: Partial<DestroyContext>): Promise<DestroyContext>;
  /** Puts a set on record, complete at one destination unless told. */
  set(id: string, own?: Partial<SetRow>): Promise<void>;
  drilled(id: string): Promise<void>;
  /** Moves all data keys to a key, by a rotation. */
  move(to: string): Promise<void>;
  /** Makes all that the state database has on record older by so much: `8 days`. */
  passTime(interval: string): Promise<void>;
  retire(): Promise<void>;
  /** The key is retired, a week is over, and a set from after the move has passed a drill. */
  ready(): Promise<void>;
  /** A plan that is stored and signed by its author. */
  planned(own?: Partial<DestroyOptions>): Promise<Plan>;
  approve(plan: Plan, ...by: readonly TestOperator[]): Promise<void>;
  apply(plan: Plan, own?: Partial<DestroyContext>): Promise<void>;
  /** How the old key is now: `disabled`. */
  stateOfOld(): Promise<string>;
}

interface SetRow {
  readonly state: 'complete' | 'running' | 'pruned';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly lockUntil: string | null;
  readonly keyringLockUntil: string | null;
  readonly keyringPruned: boolean;
}

export const options = { writerCacheSeconds: 0, soakSeconds: 7 * 86_400, waitingDays: 30 };

/** @param own.isMoved false: the data keys are still under the old key */
export async function destroyWorld(own: { readonly kms?: KmsService; readonly isMoved?: boolean } = {}) {
  const { kms, isMoved = true } = own;
  const world = await keyWorld({ persons: 2, tokensEach: 2, ...(kms === undefined ? {} : { kms }) });
  const { arn: next } = await world.kms.createKey({ usage: 'encrypt', description: 'next' });
  const old = world.kek;
  const operators = [
    await testOperator(world.state, 'Alice'),
    await testOperator(world.state, 'Bob'),
    await testOperator(world.state, 'Carol'),
    await testOperator(world.state, 'Dave'),
  ] as const;
  const [alice] = operators;

  const context = async (more: Partial<DestroyContext> = {}): Promise<DestroyContext> => {
    const signing = await world.context();
    return destroyContextOn(
      { platformUrl: world.platformUrl, pool: world.state.pool, kms: world.kms },
      {
        certificateSigner: () => signing.certificateSigner(),
        actor: currentActor({ fingerprint: alice.fingerprint }),
        ...more,
      },
    );
  };

  const move = async (to: string): Promise<void> => {
    const own = await world.context();
    const { plan } = await planKekRotation(own, {
      keyring: undefined,
      to,
      alias: undefined,
      batchSize: 10,
      kmsRequestsPerSecond: null,
    });
    await savePlan(own, plan);
    await applyPlan(own, rotateKek, plan.id);
  };
  if (isMoved) await move(next);

  const found: DestroyWorld = {
    ...world,
    old,
    next,
    operators,
    context,
    move,
    set: async (id, row = {}) => {
      const now = new Date().toISOString();
      const { state = 'complete', startedAt = now, finishedAt = startedAt, lockUntil = null } = row;
      await world.state.pool.query(
        `insert into postern.backup_set (set_id, profile, started_at, finished_at, state, manifest_sha256)
         values ($1, 'test', $2, $3, 'complete', repeat('0', 64))`,
        [id, startedAt, finishedAt],
      );
      await world.state.pool.query(
        `insert into postern.backup_copy (set_id, destination, location, is_required, state, finished_at, lock_until,
           keyring_lock_until, keyring_pruned_at)
         values ($1, 'offsite', 'file:///a', true, $2, $3, $4, $5, case when $6 then now() end)`,
        [
          id,
          state,
          state === 'running' ? null : finishedAt,
          lockUntil,
          row.keyringLockUntil ?? null,
          row.keyringPruned ?? false,
        ],
      );
    },
    drilled: async (id) => {
      await world.state.pool.query(
        `insert into postern.backup_check (profile, set_id, destination, kind, outcome, started_at)
         values ('test', $1, 'offsite', 'drill', 'passed', now())`,
        [id],
      );
    },
    passTime: async (interval) => {
      const journal = 'alter table postern.plan_journal';
      await world.state.pool.query(`${journal} disable trigger append_only`);
      await world.state.pool.query(`update postern.plan_journal set at = at - $1::interval`, [interval]);
      await world.state.pool.query(`${journal} enable always trigger append_only`);
      await world.state.pool.query(
        `update postern.backup_set set started_at = started_at - $1::interval,
           finished_at = finished_at - $1::interval`,
        [interval],
      );
    },
    retire: async () => {
      const own = await context();
      const plan = await planKeyRetire(own, await assessRetire(own, { key: old, writerCacheSeconds: 0 }));
      await savePlan(own, plan);
      await applyPlan(own, keyRetire, plan.id);
    },
    ready: async () => {
      await found.retire();
      await found.set('s-after');
      await found.drilled('s-after');
      await found.passTime('8 days');
    },
    planned: async (more = {}) => {
      const own = await context();
      const plan = await planKeyDestroy(own, await assessDestroy(own, { key: old, ...options, ...more }));
      await savePlan(own, plan);
      await signPlan(own, plan.id, await signedBy(plan, alice));
      return plan;
    },
    approve: async (plan, ...by) => {
      for (const operator of by) {
        await approvePlan(await context(), plan.id, await signedBy(plan, operator));
      }
    },
    apply: async (plan, more) => void (await applyPlan(await context(more), keyDestroy, plan.id)),
    stateOfOld: async () => (await world.kms.describeKey(old)).state,
  };
  return found;
}
