import type { Client } from '../../../base/postgres.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import { formatName, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { matchSql, parameters } from '../../identity/spots.ts';
import type { ErasedField } from '../change/fields.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import type { Treatment } from './treatment.ts';
import { workTable } from './work.ts';

/**
 * Fields that a foreign key compares and that the plan would put another value into, while the other side keeps its own:
 * the database refuses that, in the middle of the run. A sentence each.
 */
export async function changedKeys(
  db: Client,
  task: FreezeTask,
  catalog: Catalog,
  fields: ReadonlyMap<string, readonly ErasedField[]>,
): Promise<readonly string[]> {
  const partitions = new Set(
    catalog.relations.flatMap(({ oid, partitionOf }) => (partitionOf === null ? [] : oid)),
  );
  const found: string[] = [];
  for (const key of catalog.foreignKeys) {
    if (!key.enforced || partitions.has(key.relation)) continue;
    const from = formatName(key.schema, key.table);
    const to = formatName(key.referencedSchema, key.referencedTable);
    const equal = key.columns.map(
      (column, index) =>
        `f.${quoteIdentifier(column)} = t.${quoteIdentifier(key.referencedColumns[index] ?? '')}`,
    );
    const follows = key.onUpdate === 'cascade' || key.onUpdate === 'set-null';
    const isReferred = ` and exists (select from ${tableName(from)} f where ${equal.join(' and ')})`;
    const sides = [
      { table: from, columns: key.columns, also: '' },
      ...(follows ? [] : [{ table: to, columns: key.referencedColumns, also: isReferred }]),
    ];
    for (const { table, columns, also } of sides) {
      for (const field of fields.get(table) ?? []) {
        if (!columns.includes(field.column) || !putsAnotherValue(field)) continue;
        const treatment = task.treatments.get(table);
        const rows = treatment === undefined ? 0 : await changedRows(db, task, treatment, field, also);
        if (rows > 0)
          found.push(
            `${rows} rows of ${table} would get another value in ${field.column}, which the foreign key ${key.name} compares: say erase: delete of the table, or {keep: why} or set-null of the field`,
          );
      }
    }
  }
  return found;
}

/** NULL refers to nothing, and is no other value. */
function putsAnotherValue({ rule, identity, form, notNull, parser }: ErasedField): boolean {
  if (rule === 'set-null' || rule === 'with-row' || rule === 'shred') return false;
  if (typeof rule === 'object' && 'keep' in rule) return false;
  if (typeof rule === 'object' && ('replace' in rule || 'pseudonymise' in rule)) return true;
  return notNull || (identity?.kind === 'email' && parser === undefined && form === 'text');
}

async function changedRows(
  db: Client,
  { work, known, isUtf8 }: FreezeTask,
  treatment: Treatment,
  { column, identity, parser, domain, rule }: ErasedField,
  also: string,
): Promise<number> {
  if (!isWritable(treatment)) return 0;
  const { values, add } = parameters();
  const named =
    identity === undefined || parser !== undefined
      ? undefined
      : matchSql({ column, form: 'scalar', isBytes: false, identity, domain }, 't', known, { add, isUtf8 });
  const same = treatment.key.map((name) => `w.${quoteIdentifier(name)} = t.${quoteIdentifier(name)}`);
  const { rows } = await db.query<{ rows: number }>(
    `select count(*)::float8 as rows from ${workTable(work, treatment.number)} w
     join ${tableName(treatment.table.name)} t on ${same.join(' and ')}
     where t.${quoteIdentifier(column)} is not null and w.postern_action in ('detach', 'redact'${rule === undefined ? '' : ", 'restrict'"})
       and ((w.postern_scope = 'about' and w.postern_action = 'redact') or ${named ?? 'false'})${also}`,
    [...values],
  );
  return rows[0]?.rows ?? 0;
}
