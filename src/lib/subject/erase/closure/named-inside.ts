import type { Client } from '../../../base/postgres.ts';
import { copyOut } from '../../../platform/copy-out.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import type { Spot } from '../../identity/spots.ts';
import { nameSet, type Parser, type Redactor, redactor } from '../../redact/index.ts';
import { copiedFields, rowSieve, type Search, searchFor } from '../../residue/index.ts';
import type { FreezeTask } from './freeze.ts';
import type { Treatment } from './treatment.ts';

/** Finds persons in texts: as many as there are, in one pass. */
export interface InsideFinder {
  readonly search: Search;
  readonly redactor: Redactor;
}

/** Undefined where nobody has an address. */
export function insideFinder({
  known,
  graph,
}: Pick<FreezeTask, 'known' | 'graph'>): InsideFinder | undefined {
  const addresses = [...(known.get('email') ?? [])];
  if (addresses.length === 0) return undefined;
  const identities = [...graph.identities.values()].filter(({ kind }) => kind === 'email');
  const hasTags = identities.some(({ variants }) => variants.includes('plus-tag'));
  const hasDots = identities.some(({ variants }) => variants.includes('dots'));
  // The sieve need not be exact: what it lets through is looked at by the redactor itself.
  const words = addresses.flatMap((address) => {
    const at = address.lastIndexOf('@');
    return [
      address,
      ...(hasTags ? [`${address.slice(0, at)}+`] : []),
      ...(hasDots ? [address.slice(at)] : []),
    ];
  });
  const names = nameSet(known, graph.identities);
  return {
    search: searchFor([...new Set(words)]),
    redactor: redactor(names, { placeholder: 'erased@erased.invalid', text: 'erased' }),
  };
}

/** Bytes of rows that are looked at at once. */
const blockSize = 2 ** 20;

/**
 * The keys of rows in which a text names one of the persons, as the redactor finds them: also where it is encoded.
 * @param where SQL over `t`
 */
export async function namedInside(
  db: Client,
  { search, redactor: finder }: InsideFinder,
  { table, key }: Treatment,
  spots: readonly Spot[],
  where: string,
): Promise<readonly (readonly string[])[]> {
  const texts = spots.flatMap((spot) => {
    const parser = table.entry.fields?.[spot.column]?.parser;
    return parser === undefined || parser === 'TODO' ? [] : [{ spot, parser }];
  });
  if (texts.length === 0) return [];
  const selected = [
    ...key.map((name) => `t.${quoteIdentifier(name)}::text`),
    ...texts.map(({ spot }) => `t.${quoteIdentifier(spot.column)}::text`),
  ];
  const columns = [
    ...key.map(() => ({ isBytes: false })),
    ...texts.map(({ spot: { isBytes } }) => ({ isBytes })),
  ];
  const sieve = rowSieve(search, columns);
  const found: (readonly string[])[] = [];
  await copyOut(
    db,
    `copy (select ${selected.join(', ')} from ${tableName(table.name)} t where ${where}) to stdout`,
    { blockSize },
    (block) =>
      sieve(block, (row) => {
        const fields = copiedFields(row);
        const isNamed = texts.some(({ spot, parser }, index) =>
          holds(finder, spot, parser, fields[key.length + index]),
        );
        if (isNamed) found.push(fields.slice(0, key.length).map(String));
      }),
  );
  return found;
}

function holds(
  finder: Redactor,
  { isBytes, identity }: Spot,
  parser: Parser,
  field: Buffer | null | undefined,
): boolean {
  if (field === null || field === undefined) return false;
  const bytes = isBytes ? Buffer.from(field.toString('latin1', 2), 'hex') : field;
  return finder.inside(bytes, parser, identity) !== undefined;
}

/** SQL over `t` that needs no parameters, as COPY takes none. */
export const ofTenant = ({ table }: Treatment, tenant: string | undefined): string =>
  tenant === undefined || table.entry.tenant === undefined
    ? 'true'
    : `t.${quoteIdentifier(table.entry.tenant)}::text = ${quoteLiteral(tenant)}`;
