import { usageError } from '../base/error.ts';
import type { TenantOffboardResult } from '../subject/offboard/results.ts';
import type { PosternContext } from './context.ts';
import { planModeOf } from './report-submitted.ts';
import { eraseContext } from './subject-erase.ts';
import { submitPlan } from './submit-plan.ts';
import { dayOf, deletionResult } from './tenant-offboard.ts';
import type { ReturnFlags } from './tenant-return.ts';

export interface OffboardFlags extends ReturnFlags {
  readonly tenant: string;
  readonly delete: boolean;
  readonly return: boolean;
  readonly ended?: string | undefined;
  readonly reason: string;
  readonly 'dry-run': boolean;
  readonly 'plan-only': boolean;
}

/**
 * What `tenant offboard` does. Nothing is entered into the register for a tenant that nobody knows.
 * @param onFound told what would be deleted, before anybody is asked
 * @throws {PosternError} as `planOffboard`, `endOf`, `requireEnded`, `submitPlan`, `handOut`
 */
export async function offboardTenant(
  context: PosternContext,
  flags: OffboardFlags,
  onFound: (found: NonNullable<TenantOffboardResult['deletion']>) => Promise<void>,
): Promise<TenantOffboardResult> {
  const lib = await import('../subject/offboard/index.ts');
  const { tenant } = flags;
  const reason = flags.reason.trim();
  if (reason === '') {
    throw usageError('an offboarding needs a reason, for the register and the certificate', {
      code: 'reason-missing',
      hints: ['give --reason, and name no person in it'],
    });
  }
  const { profile } = context;
  const operation = await eraseContext(context);
  const state = await operation.state();
  const now = operation.clock.now();
  const given = flags.ended === undefined ? undefined : dayOf(flags.ended);
  const known = await lib.offboardingOf(state, profile, { tenant, now });
  const endedOn = lib.endOf(known, { tenant, endedOn: given, reason });
  if (flags.delete) lib.requireEnded(tenant, endedOn, now);
  const mode = planModeOf(flags);
  const begin = () => lib.beginOffboarding(operation, { tenant, endedOn, reason });
  const nothing = { tenant, offboarding: known ?? null, deletion: null, returned: null };
  if (!flags.delete) {
    if (known === undefined) await lib.requireTenant(operation, tenant);
    if (mode === 'dry-run') return nothing;
    if (!flags.return) return { ...nothing, offboarding: await begin() };
    const { handOut } = await import('./tenant-return.ts');
    const returned = await handOut(context, tenant, flags);
    const { number } = await begin();
    const { exportId, archives, missing } = returned;
    const detail = {
      exportId,
      archives: archives.map(({ bytes, sha256 }) => ({ bytes, sha256 })),
      missing: missing.reduce((sum, { count }) => sum + count, 0),
    };
    await lib.recordEvent(state, { number, kind: 'returned', planId: undefined, detail });
    const offboarding = (await lib.offboardingOf(state, profile, { tenant, now })) ?? null;
    return { ...nothing, offboarding, returned };
  }
  const isOnRecord = known !== undefined && known.deletedAt === null;
  const planned = await lib.planOffboard(operation, { tenant, reason, endedOn, isOnRecord });
  const backups = await operation.horizon();
  const unsent = deletionResult(planned, { outcome: 'not stored' }, { backups, done: undefined });
  await onFound(unsent);
  if (mode === 'dry-run') return { ...nothing, deletion: unsent };
  const submitted = await submitPlan(context, {
    operation,
    kind: lib.tenantOffboard,
    plan: planned.plan,
    mode,
    asking: flags.asking,
  });
  // The plan does it too, once it is applied.
  await begin();
  const done = await lib.offboardOutcome(state, submitted.plan);
  const offboarding = await lib.offboardingOf(state, profile, { tenant, now: operation.clock.now() });
  return {
    ...nothing,
    offboarding: offboarding ?? null,
    deletion: deletionResult(planned, submitted, { backups, done }),
  };
}
