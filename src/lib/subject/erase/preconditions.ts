import type { JsonValue } from '../../crypto/canonical-json.ts';
import type { Precondition } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import type { Catalog } from '../../platform/catalog/index.ts';
import { type DataMap, formatName, mapModel } from '../../platform/map/index.ts';

/**
 * What a plan was made for besides its rows: the map as it was, and of the mapped tables everything that tells whose a
 * row is and what a change of it sets off. The rows are compared when they are frozen.
 */
export function erasePreconditions(
  map: DataMap,
  { relations, foreignKeys }: Catalog,
): readonly Precondition[] {
  const { tables } = mapModel(map);
  const mapped = relations.filter(({ schema, name }) => tables.has(formatName(schema, name)));
  return [
    precondition('data map', plain(map)),
    precondition(
      'schema of the mapped tables',
      plain(
        mapped.map(({ schema, name, kind, columns, triggers, rules }) => ({
          name: formatName(schema, name),
          kind,
          columns: columns.map((column) => [column.name, column.type, column.notNull, column.generated]),
          triggers: triggers.map(({ definition, enabled }) => [definition, enabled]),
          rules: rules.map(({ definition, enabled }) => [definition, enabled]),
        })),
      ),
    ),
    precondition(
      'foreign keys',
      plain(
        foreignKeys
          .filter((key) => tables.has(formatName(key.referencedSchema, key.referencedTable)))
          .map(({ name, schema, table, columns, referencedTable, referencedColumns, onDelete, enforced }) => [
            formatName(schema, table),
            name,
            columns,
            referencedTable,
            referencedColumns,
            onDelete,
            enforced,
          ]),
      ),
    ),
  ];
}

const plain = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;
