import { quoteIdentifier } from '../../../platform/quote.ts';

/** SQL: whether the rows `one` and `other` have the same whole key. */
export const keyEquals = (key: readonly string[], one: string, other: string): string =>
  key.map((name) => `${one}.${quoteIdentifier(name)} = ${other}.${quoteIdentifier(name)}`).join(' and ');
