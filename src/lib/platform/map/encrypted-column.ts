import { type Keyring, keyringOfColumn, keyringsOf } from './keyring.ts';
import { type MapModel, type ModelTable, mapModel } from './lint/map-model.ts';
import type { DataMap, MapField } from './map-schema.ts';
import { parseName } from './name.ts';

/** A column whose values are encrypted, as the map describes it. */
export interface EncryptedColumn {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly column: string;
  readonly format: 'postern' | 'other';
  /** The names that are bound into every value. */
  readonly name: { readonly table: string; readonly column: string };
  /** The column that repeats which key a value is under. */
  readonly keyIdColumn?: string;
  /** The column of the same row that holds the value as it was before; undefined unless the map names one. */
  readonly source?: { readonly column: string; readonly format: 'plain' | 'pgcrypto' };
  /** Undefined where the map describes no keyring of that column. */
  readonly keyring?: Keyring;
  /** Where the tenant of a value stands: in its own row, or in that of its subject. Undefined where the map does not tell. */
  readonly tenant?: { readonly of: 'row' | 'subject'; readonly column: string };
  /** Of its values; undefined where the map tells none. */
  readonly category?: string;
  /** The way to the subject whose key it is; empty where the keyring has none. */
  readonly subject: readonly SubjectStep[];
}

/** From a row to the next: its `column` has the value that `toColumn` of `toTable` has. */
export interface SubjectStep {
  readonly column: string;
  /** Canonical `schema.table`. */
  readonly toTable: string;
  readonly toColumn: string;
}

/** Every encrypted column of the map, in its order. */
export function encryptedColumns(map: DataMap): readonly EncryptedColumn[] {
  const model = mapModel(map);
  const keyrings = keyringsOf(map);
  return [...model.tables.values()].flatMap((table) =>
    table.fields.flatMap(([column, { encrypted, category }]) =>
      encrypted === undefined
        ? []
        : [
            {
              ...encryptedColumn({ model, table, column, encrypted, keyrings }),
              ...(category === undefined ? {} : { category }),
            },
          ],
    ),
  );
}

function encryptedColumn({
  model,
  table,
  column,
  encrypted,
  keyrings,
}: {
  readonly model: MapModel;
  readonly table: ModelTable;
  readonly column: string;
  readonly encrypted: NonNullable<MapField['encrypted']>;
  readonly keyrings: readonly Keyring[];
}): EncryptedColumn {
  const [, ownName = ''] = parseName(table.name) ?? [];
  const [logicalTable = ownName, logicalColumn = column] = encrypted.as?.split('.') ?? [];
  const subject = wayOf(model, table, encrypted.by);
  const keyring = keyringOfColumn(keyrings, encrypted.dek);
  return {
    table: table.name,
    column,
    format: encrypted.format ?? 'postern',
    name: { table: logicalTable, column: logicalColumn },
    ...(encrypted.key_id === undefined ? {} : { keyIdColumn: encrypted.key_id }),
    ...(encrypted.from === undefined
      ? {}
      : { source: { column: encrypted.from, format: encrypted.from_format ?? 'plain' } }),
    ...(keyring === undefined ? {} : { keyring }),
    ...tenantOf(model, table, keyring?.subject === undefined ? [] : subject),
    subject,
  };
}

function tenantOf(
  { tables }: MapModel,
  { entry }: ModelTable,
  subject: readonly SubjectStep[],
): Pick<EncryptedColumn, 'tenant'> {
  if (entry.tenant !== undefined) return { tenant: { of: 'row', column: entry.tenant } };
  const column = tables.get(subject.at(-1)?.toTable ?? '')?.entry.tenant;
  return column === undefined ? {} : { tenant: { of: 'subject', column } };
}

/** `map lint` tells what does not lead anywhere (MAP14); here it ends where it breaks off. */
function wayOf(model: MapModel, start: ModelTable, by: string | undefined): readonly SubjectStep[] {
  const steps: SubjectStep[] = [];
  let table: ModelTable | undefined = start;
  for (const name of by?.split('.') ?? []) {
    const next = table?.references.find((reference) => reference.name === name);
    const [column] = next?.columns ?? [];
    const [toColumn] = next?.toColumns ?? [];
    if (next === undefined || column === undefined || toColumn === undefined) break;
    steps.push({ column, toTable: next.toTable, toColumn });
    table = model.tables.get(next.toTable);
  }
  return steps;
}
