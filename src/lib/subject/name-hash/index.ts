export { parseKey, requireDistinct } from './key.ts';
export { keyIdOf, type NameHasher, nameHasher, rowName } from './name-hasher.ts';
export { requireNameless } from './nameless.ts';
export { hashesOfAll, hashesToFind, hashesToStore } from './person-hashes.ts';
