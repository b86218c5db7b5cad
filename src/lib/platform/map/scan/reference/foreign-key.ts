import type { Catalog, Relation } from '../../../catalog/index.ts';
import { formatName } from '../../name.ts';
import type { DraftReference } from '../draft/draft.ts';

/** The foreign keys that a table declares, each once. */
export function declaredReferences({ oid }: Relation, { foreignKeys }: Catalog): readonly DraftReference[] {
  const own = foreignKeys.filter(({ relation }) => relation === oid);
  const unique = new Map(
    own.map((key) => [JSON.stringify([key.columns, key.referencedRelation, key.referencedColumns]), key]),
  );
  return [...unique.values()].map((key) => {
    const to = key.referencedColumns.map((column) =>
      formatName(key.referencedSchema, key.referencedTable, column),
    );
    return {
      entry: {
        column: single(key.columns),
        to: single(to),
        kind: 'fk',
        on_delete: key.onDelete,
      },
      note: {
        reason: `foreign key${key.supportingIndex === null ? ', without an index: every delete of its target reads the whole table' : ''}${key.validated && key.enforced ? '' : ', which the database does not enforce for all rows'}`,
        confidence: 'certain',
      },
    };
  });
}

const single = (names: readonly string[]): string | readonly string[] =>
  names.length === 1 ? (names[0] ?? '') : names;
