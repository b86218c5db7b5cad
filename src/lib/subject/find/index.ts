export { type FindOptions, findPerson } from './find.ts';
