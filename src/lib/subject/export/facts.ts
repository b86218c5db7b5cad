import type { DataMap, ModelTable } from '../../platform/map/index.ts';
import { canonicalName } from '../../platform/map/index.ts';
import type { ExportSet } from './plan-tables.ts';

/** What Article 15(1) GDPR wants told of data, as far as the data map says it. */
export interface TableFacts {
  readonly table: string;
  readonly description: string | null;
  /** `own`: the person's alone. `shared`: theirs and others'. `mention`: others', and names them. */
  readonly whose: 'own' | 'shared' | 'mention';
  readonly rows: number;
  readonly categories: readonly string[];
  readonly legalBasis: string | null;
  /** ISO 8601, or until-termination. */
  readonly kept: string | null;
  readonly keptFrom: string | null;
  readonly keptByLaw: string | null;
  /** To whom the database itself hands changes of these rows. */
  readonly recipients: readonly string[];
  readonly source: string;
}

export function tableFacts(
  map: DataMap,
  { name, entry, fields }: ModelTable,
  whose: TableFacts['whose'],
  rows: number,
): TableFacts {
  const retention = entry.retention === 'TODO' ? undefined : entry.retention;
  const sends = Object.entries(map.triggers ?? {}).filter(
    ([trigger, { effect }]) => effect === 'sends-pii' && canonicalName(trigger).startsWith(`${name}.`),
  );
  return {
    table: name,
    description: entry.description ?? null,
    whose,
    rows,
    categories: [
      ...new Set(
        fields.flatMap(([, field]) =>
          [field, ...Object.values(field.paths ?? {})].flatMap(({ category }) =>
            category?.startsWith('user') === true ? [category] : [],
          ),
        ),
      ),
    ].toSorted(),
    legalBasis: entry.legal_basis ?? null,
    kept: retention?.keep ?? null,
    keptFrom: retention?.from ?? null,
    keptByLaw: retention?.law ?? null,
    recipients: sends.map(([trigger]) => trigger),
    source: {
      own: 'given by you, or made while you used the service',
      shared: 'given by you, or by those with whom you share it',
      mention: 'given by others',
    }[whose],
  };
}

/** What the map cannot know, and who has to add it. */
export const rights: readonly string[] = [
  'You may ask for your data to be corrected, erased, or restricted, and object to their being processed (Articles 16, 17, 18 and 21 GDPR).',
  'You may complain to a supervisory authority (Article 77 GDPR).',
  'The purposes, further recipients, transfers to third countries, and whether decisions are made automatically are told by the privacy notice of whoever answers your request.',
];

export interface FactsDocument {
  readonly set: ExportSet;
  readonly madeAt: string;
  readonly tables: readonly TableFacts[];
  readonly rights: readonly string[];
}
