export { type FindOptions, findPerson } from './find.ts';
export { resolveWho, type Who } from './who.ts';
