export { type EncryptedColumn, encryptedColumns } from './encrypted-column.ts';
export { type HashParity, type KeyedHash, keyedHashes } from './hashed-column.ts';
export { dataMapJsonSchema } from './json-schema.ts';
export { type Keyring, keyringsOf } from './keyring.ts';
export type { Finding } from './lint/finding.ts';
export { hashEncoding } from './lint/hash-rules.ts';
export { lintDataMap, lintRules } from './lint/lint-data-map.ts';
export {
  type DomainPlace,
  domainOf,
  isPersonal,
  type MapModel,
  type ModelReference,
  type ModelTable,
  mapModel,
  ownerReferences,
} from './lint/map-model.ts';
export { isSourceType } from './lint/source-rules.ts';
export { unmapped } from './lint/unmapped.ts';
export { type LoadedDataMap, loadDataMap, readDataMap } from './load.ts';
export type { DataMap } from './map-schema.ts';
export { canonicalName, formatName, parseColumnName, parseName } from './name.ts';
export { type ObjectKeyPart, parseObjectKey } from './object-key.ts';
export { objectReferences } from './object-references.ts';
export { tableName } from './table-name.ts';
export { wrappedKeyColumns } from './wrapped-keys.ts';
