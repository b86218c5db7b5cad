import { progressOf, readJournal } from '../../operation/journal.ts';
import type { KeyContext } from '../context.ts';
import type { PlannedKekRotation } from './plan-rotate-kek.ts';
import type { KeyRotateKekResult } from './results.ts';

/** How far the plan of a rotation went. */
interface Submitted {
  readonly outcome: KeyRotateKekResult['outcome'];
  readonly applied?: { readonly certificateId?: string };
}

/** What came of a rotation, from the journal of its plan. */
export async function kekOutcome(
  context: KeyContext,
  { plan, inputs }: PlannedKekRotation,
  { outcome, applied }: Submitted,
): Promise<KeyRotateKekResult> {
  const { keyring, mode, from, to, forecast } = inputs;
  const common = {
    keyring,
    mode,
    from,
    to,
    forecast,
    planId: plan.id,
    outcome,
    certificateId: applied?.certificateId ?? null,
  };
  if (applied === undefined) return { ...common, actual: null };
  const { results } = progressOf(await readJournal(await context.state(), plan.id));
  const all = Object.assign({}, ...results.values()) as Readonly<Record<string, unknown>>;
  const number = (name: string): number => Number(all[name] ?? 0);
  return {
    ...common,
    actual: {
      rewrapped: number('rewrapped'),
      moved: number('moved'),
      late: number('late'),
      material: typeof all['material'] === 'string' ? all['material'] : null,
      kmsCalls: number('kmsCalls'),
      seconds: number('seconds'),
    },
  };
}
