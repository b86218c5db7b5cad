import type { DataMap } from '../../platform/map/index.ts';

type Field = NonNullable<DataMap['tables'][string]['fields']>[string];

/** The format of a content in which personal data stands, as the map calls it. */
export type Parser = Exclude<NonNullable<Field['parser']>, 'TODO'>;
