import type { Catalog, Relation } from '../../platform/catalog/index.ts';
import type { Keyring } from '../../platform/map/index.ts';
import { columnOf, relationOf } from '../column/walked-column.ts';

/** A keyring with what the database says of its table. */
export interface KeyringTable extends Keyring {
  readonly relation: Relation;
  /** The type of the subject's column, so that its index serves; undefined where there are no subjects. */
  readonly subjectType?: string;
}

/** @throws {PosternError} exit 2: `table-missing`, `column-missing` */
export function keyringTable(keyring: Keyring, catalog: Catalog): KeyringTable {
  const relation = relationOf(catalog, keyring.table);
  for (const name of [keyring.id, keyring.version, keyring.state, keyring.kek, keyring.wrapped]) {
    columnOf(relation, name);
  }
  if (keyring.subject === undefined) return { ...keyring, relation };
  return { ...keyring, relation, subjectType: columnOf(relation, keyring.subject).type };
}
