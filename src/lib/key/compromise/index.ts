export { type CompromiseOptions, compromise } from './compromise.ts';
export type { CompromiseContext } from './context.ts';
export type { FoundSetKeys, SetKeys, SetStub } from './set-keys.ts';
