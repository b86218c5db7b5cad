import type { JsonObject, JsonValue } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';
import { type DataMap, mapModel } from '../../platform/map/index.ts';
import { lawOf } from './closure/treatment.ts';
import type { BackupHorizon } from './context.ts';
import type { EraseInputs } from './inputs.ts';

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
  const model = mapModel(map);
  const steps = plan.body.steps.map(({ kind, inputs: own }, index) => ({
    kind,
    tables: Array.isArray(own['tables']) ? (own['tables'] as string[]) : [],
    result: results[index] ?? {},
  }));
  const of = (...kinds: readonly string[]) => steps.filter(({ kind }) => kinds.includes(kind));
  const one = (kind: string): JsonObject => of(kind)[0]?.result ?? {};
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
    late: one('late')['rows'] ?? 0,
    objects: one('objects'),
    kept: [
      ...inputs.rows.flatMap(({ table, action, rows }): JsonValue[] => {
        const entry = model.tables.get(table);
        if (rows === 0) return [];
        if (action === 'law') return [{ table, rows, because: 'law', law: (entry && lawOf(entry)) ?? '' }];
        if (action === 'restrict')
          return [
            { table, rows, because: 'the data map restricts it', law: (entry && lawOf(entry)) ?? null },
          ];
        if (action === 'link')
          return [{ table, rows, because: 'it refers to the person by a key that leads nowhere now' }];
        return [];
      }),
      ...inputs.holds.map(({ hold, table, rows }) => ({ table, rows, because: 'hold', hold })),
      ...of('change').flatMap(({ tables, result }) =>
        (Array.isArray(result['kept']) ? (result['kept'] as JsonObject[]) : []).map((kept) => ({
          table: tables[0] ?? '',
          ...kept,
        })),
      ),
    ],
    refreshed: one('refresh'),
    residue: one('residue'),
    triggers: inputs.triggers.map((trigger) => ({ ...trigger })),
    backups: { ...horizon },
    limits: [
      'the bytes of deleted rows stay on the disk until VACUUM and the file system use their place again, and in the write-ahead log as long as it is kept',
      'replicas, exports and copies that the data map does not name were not looked at',
      'addresses were looked for, and not who is called by a name alone',
    ],
  };
}

function withoutKept(result: JsonObject): JsonObject {
  const { kept: _, ...rest } = result;
  return rest;
}
