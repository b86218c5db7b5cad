export { type Condition, walkQuery } from './walk-query.ts';
export { type TextRow, type WalkBatch, type WalkOptions, walkTable } from './walk-table.ts';
export { type WalkableTable, type WalkKeyColumn, walkableTable } from './walkable-table.ts';
