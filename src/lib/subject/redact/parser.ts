import type { DataMap } from '../../platform/map/index.ts';

type Field = NonNullable<DataMap['tables'][string]['fields']>[string];

/** The format of a content in which personal data stands, as the map calls it. */
export type Parser = Exclude<NonNullable<Field['parser']>, 'TODO'>;

/** Whether addresses are found in it as they are written, wherever they stand, so that it may be a piece of JSON. */
export const isOfTokens = (parser: Parser): boolean =>
  parser === 'text' || parser === 'html' || parser === 'json';
