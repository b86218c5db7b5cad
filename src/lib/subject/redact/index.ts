export type { JsonErasure, JsonRule } from './json-document.ts';
export { type NameSet, nameSet } from './name-set.ts';
export type { Parser } from './parser.ts';
export { type Redactor, redactor } from './redactor.ts';
