export type { Catalog } from './catalog.ts';
export { copyableSequences } from './copyable-sequence.ts';
export { type CopyableTable, copyableTables } from './copyable-table.ts';
export type { ForeignKey } from './foreign-key.ts';
export { primaryKey, relationsByName, uniqueKeys } from './lookup.ts';
export { readCatalog } from './read-catalog.ts';
export type { Column, Relation } from './relation.ts';
export type { Sequence } from './sequence.ts';
