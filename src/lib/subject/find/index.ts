export { type FindOptions, findPerson } from './find.ts';
export { normalisesUnicode, resolveWho, seedsOf } from './who.ts';
