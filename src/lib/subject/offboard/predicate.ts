import type { JsonObject, JsonValue } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';
import type { BackupHorizon } from '../erase/context.ts';
import { emptiedReferences } from '../erase/predicate.ts';
import type { OffboardInputs } from './inputs.ts';
import { recounted } from './results.ts';
import { doneSteps } from './steps-of.ts';

/**
 * What the certificate of an offboarding says: what was deleted, what is kept and by which law until when, and whether
 * it was in time.
 * @param results of the plan's steps, in order
 */
export function predicateOf(
  plan: Plan,
  inputs: OffboardInputs,
  results: readonly JsonObject[],
  horizon: BackupHorizon,
): JsonObject {
  const steps = doneSteps(plan, (index) => results[index]);
  const of = (...kinds: readonly string[]) => steps.filter(({ kind }) => kinds.includes(kind));
  const one = (kind: string): JsonObject => of(kind)[0]?.result ?? {};
  const found = recounted.parse(one('recount'));
  const { endedOn, dueOn } = inputs;
  return {
    tenant: inputs.tenant,
    reason: inputs.reason,
    clock: { endedOn, dueOn, ...one('register') },
    rows: of('change', 'delete', 'unlink', 'untie').map(({ kind, tables, result }) => {
      const { kept: _, ...counts } = result;
      return { step: kind, tables: [...tables], ...counts };
    }),
    references: emptiedReferences(inputs),
    late: one('late')['rows'] ?? 0,
    objects: one('objects'),
    retained: [
      ...found.kept.map(({ table, action, rows, law, firstUntil, lastUntil }) => ({
        table,
        rows,
        because: because[action] ?? action,
        ...(law === null ? {} : { law, firstUntil, lastUntil }),
      })),
      ...of('change').flatMap(({ tables, result }): JsonValue[] =>
        (Array.isArray(result['kept']) ? (result['kept'] as JsonObject[]) : []).map((kept) => ({
          table: tables[0] ?? '',
          ...kept,
        })),
      ),
    ],
    holds: (found.holds ?? inputs.holds).map((hold) => ({ ...hold })),
    left: {
      rows: found.left.map((row) => ({ ...row })),
      objects: found.objectsLeft.map((row) => ({ ...row })),
    },
    refreshed: one('refresh'),
    triggers: inputs.triggers.map((trigger) => ({ ...trigger })),
    untied: [...inputs.untied],
    backups: { ...horizon },
    limits: [
      'the bytes of deleted rows stay on the disk until VACUUM and the file system use their place again, and in the write-ahead log as long as it is kept',
      'rows of other tenants that name persons of this one are theirs and stay; so do tables of which the data map does not tell whose tenant a row is (untied)',
      'replicas, exports and copies that the data map does not name were not looked at',
    ],
  };
}

/** Why rows stay. */
const because: Readonly<Record<string, string>> = {
  law: 'law',
  hold: 'hold',
  detach: 'others share it',
  redact: 'the data map keeps the row; what is personal in it is gone',
};
