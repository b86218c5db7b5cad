export { parseKey, requireDistinct } from './key.ts';
export { type HashPurpose, keyIdOf, type NameHasher, nameHasher, rowName } from './name-hasher.ts';
export { hashesToFind, hashesToStore } from './person-hashes.ts';
