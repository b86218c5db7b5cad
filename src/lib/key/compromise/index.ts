export { type CompromiseOptions, compromise } from './compromise.ts';
export type { CompromiseContext } from './context.ts';
