export { tableName } from '../../platform/map/table-name.ts';
