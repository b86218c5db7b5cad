export { type Condition, keyText, walkQuery } from './walk-query.ts';
export { type TextRow, type WalkOptions, walkTable } from './walk-table.ts';
export { type WalkableTable, walkableTable } from './walkable-table.ts';
