import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { BackupHorizon } from './context.ts';
import type { EraseInputs } from './inputs.ts';
import { keptRows } from './kept-rows.ts';

/**
 * What the certificate of an erasure says: what was done, what was kept and why, and what it cannot say.
 * @param results of the plan's steps, in order
 */
export function predicateOf(
  plan: Plan,
  inputs: EraseInputs,
  results: readonly JsonObject[],
  { map, horizon }: { readonly map: DataMap; readonly horizon: BackupHorizon },
): JsonObject {
  const steps = plan.body.steps.map(({ kind, inputs: own }, index) => ({
    kind,
    tables: Array.isArray(own['tables']) ? (own['tables'] as string[]) : [],
    result: results[index] ?? {},
  }));
  const of = (...kinds: readonly string[]) => steps.filter(({ kind }) => kinds.includes(kind));
  const one = (kind: string): JsonObject => of(kind)[0]?.result ?? {};
  const residue = one('residue');
  const { staying: _, holds: __, ...told } = residue;
  return {
    reason: inputs.reason,
    request: inputs.request,
    tenant: inputs.tenant,
    onePerson: inputs.onePerson,
    sharedNames: inputs.shared.length,
    persons: inputs.persons.length,
    rows: of('change', 'rewrite', 'delete', 'unlink', 'untie').map(({ kind, tables, result }) => ({
      step: kind,
      tables,
      ...withoutKept(result),
    })),
    references: emptiedReferences(inputs),
    late: one('late')['rows'] ?? 0,
    objects: one('objects'),
    kept: [
      ...keptRows(map, inputs, residue),
      ...of('change').flatMap(({ tables, result }) =>
        (Array.isArray(result['kept']) ? (result['kept'] as JsonObject[]) : []).map((kept) => ({
          table: tables[0] ?? '',
          ...kept,
        })),
      ),
    ],
    refreshed: one('refresh'),
    residue: told,
    triggers: inputs.triggers.map((trigger) => ({ ...trigger })),
    backups: { ...horizon },
    limits: [
      'the bytes of deleted rows stay on the disk until VACUUM and the file system use their place again, and in the write-ahead log as long as it is kept',
      'replicas, exports and copies that the data map does not name were not looked at',
      'addresses were looked for, and of what persons are called the names of two words and more in rows of their own',
    ],
  };
}

function withoutKept(result: JsonObject): JsonObject {
  const { kept: _, ...rest } = result;
  return rest;
}

/** Rows that stay, and of which the database empties a reference to one that goes (ON DELETE SET NULL): as it was planned. */
export const emptiedReferences = ({ keys }: Pick<EraseInputs, 'keys'>): JsonObject[] =>
  keys
    .filter(({ outcome, stay }) => stay > 0 && (outcome === 'set-null' || outcome === 'set-default'))
    .map(({ from, name, stay, outcome }) => ({ table: from, key: name, rows: stay, outcome }));
