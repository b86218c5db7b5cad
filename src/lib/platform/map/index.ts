export { dataMapJsonSchema } from './json-schema.ts';
export type { Finding } from './lint/finding.ts';
export { lintDataMap, lintRules } from './lint/lint-data-map.ts';
export { loadDataMap, readDataMap } from './load.ts';
export type { DataMap } from './map-schema.ts';
export { canonicalName, formatName, parseColumnName, parseName } from './name.ts';
export { parseObjectKey } from './object-key.ts';
export { objectReferences } from './object-references.ts';
export { wrappedKeyColumns } from './wrapped-keys.ts';
