export { type FindOptions, findPerson } from './find.ts';
export { normalisesUnicode, resolveWho, seedsOf, type Who } from './who.ts';
