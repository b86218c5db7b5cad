import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { RestoreContext } from './context.ts';
import { type RestoreStep, restoreInputs, restoreSteps } from './plan-restore.ts';
import { type BackupRestoreResult, replayedErasures, restoredKeyring, restoredObjects } from './results.ts';

/** What came of a restore's plan, from its journal. */
export async function restoreOutcome(
  context: RestoreContext,
  { plan, applied }: { readonly plan: Plan; readonly applied?: { readonly certificateId?: string } },
): Promise<BackupRestoreResult> {
  const { setId, destination, source, database, tables, objects } = planInputs(plan, restoreInputs);
  const common = { planId: plan.id, setId, destination, source, database };
  if (applied === undefined)
    return {
      ...common,
      state: 'planned',
      partial: tables === null ? null : { tables, foreignKeysNotValid: null, foreignKeysLeftOut: null },
      tables: null,
      rows: null,
      schema: null,
      keyring: null,
      erasures: null,
      objects: null,
      certificateId: null,
    };
  const { results } = progressOf(await readJournal(await context.state(), plan.id));
  const resultOf = (step: RestoreStep): JsonObject => results.get(restoreSteps.indexOf(step)) ?? {};
  const comparison = resultOf('compare');
  const postData = resultOf('post-data');
  return {
    ...common,
    state: 'applied',
    partial:
      tables === null
        ? null
        : {
            tables,
            foreignKeysNotValid: texts(postData['notValid']),
            foreignKeysLeftOut: texts(postData['leftOut']),
          },
    tables: Array.isArray(comparison['tables']) ? comparison['tables'].length : null,
    rows: Number(comparison['rows']),
    schema: comparison['schema'] === 'equal' ? 'equal' : 'not compared',
    keyring: restoredKeyring.parse(resultOf('keyring')),
    erasures: replayedErasures.parse(resultOf('open')['erasures'] ?? resultOf('erasures')),
    objects: objects === null ? null : restoredObjects.parse(resultOf('objects')),
    certificateId: applied.certificateId ?? null,
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
