export { dataMapJsonSchema } from './json-schema.ts';
export type { Finding, Rule, Severity } from './lint/finding.ts';
export { lintDataMap, lintRules } from './lint/lint-data-map.ts';
export { isPersonal } from './lint/map-model.ts';
export { type LoadedDataMap, loadDataMap, readDataMap } from './load.ts';
export {
  type DataMap,
  dataMapSchema,
  type MapField,
  type MapIgnored,
  type MapReference,
  type MapTable,
  type MapTrigger,
} from './map-schema.ts';
export { type ColumnName, canonicalName, formatName, parseColumnName, parseName } from './name.ts';
export { type ObjectKeyPart, parseObjectKey } from './object-key.ts';
