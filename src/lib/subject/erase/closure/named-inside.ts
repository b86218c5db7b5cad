import type { Client } from '../../../base/postgres.ts';
import { copyOut } from '../../../platform/copy-out.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { bareAddress } from '../../identity/identities.ts';
import { nameSet, type Redactor, redactor } from '../../redact/index.ts';
import { copiedFields, rowSieve, type Search, searchFor } from '../../residue/index.ts';
import { namingRules } from '../change/change-row.ts';
import type { ErasedField } from '../change/fields.ts';
import type { FreezeTask } from './freeze.ts';
import type { Treatment } from './treatment.ts';

/** In place of an address (RFC 2606: nobody can ever be reached there) and of anything else. */
export const placeholders = { placeholder: 'erased@erased.invalid', text: 'erased' } as const;

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
    const bare = bareAddress(address, hasTags ? ['plus-tag'] : []);
    const at = bare.lastIndexOf('@');
    return [
      address,
      bare,
      ...(hasTags ? [`${bare.slice(0, at)}+`] : []),
      ...(hasDots ? [bare.slice(at)] : []),
    ];
  });
  const names = nameSet(known, graph.identities);
  return {
    search: searchFor([...new Set(words)]),
    redactor: redactor(names, placeholders),
  };
}

/** Bytes of rows that are looked at at once. */
const blockSize = 2 ** 20;

type Key = readonly string[];

/**
 * The keys of rows in which a text names one of the persons, as the redactor finds them, also where it is encoded; apart
 * from the others those that are about whom they name.
 * @param where SQL over `t`
 */
export async function namedInside(
  db: Client,
  { search, redactor: finder }: InsideFinder,
  { table, key }: Treatment,
  texts: readonly ErasedField[],
  where: string,
): Promise<{ readonly about: readonly Key[]; readonly named: readonly Key[] }> {
  const names = [...key, ...texts.map(({ column }) => column)];
  const selected = names.map((name) => `t.${quoteIdentifier(name)}::text`);
  const columns = [
    ...key.map(() => ({ isBytes: false })),
    ...texts.map(({ form }) => ({ isBytes: form === 'bytes' })),
  ];
  const sieve = rowSieve(search, columns);
  const found: { readonly about: Key[]; readonly named: Key[] } = { about: [], named: [] };
  await copyOut(
    db,
    `copy (select ${selected.join(', ')} from ${tableName(table.name)} t where ${where}) to stdout`,
    { blockSize },
    (block) =>
      sieve(block, (row) => {
        const fields = copiedFields(row);
        const isNamed = (ofAbout: boolean) =>
          texts.some((text, index) => holds(finder, text, fields[key.length + index], ofAbout));
        if (!isNamed(false)) return;
        (isNamed(true) ? found.about : found.named).push(fields.slice(0, key.length).map(String));
      }),
  );
  return found;
}

/** The columns of a table in which a text may name somebody, of their own or inside of a document. */
export const textsOf = (fields: readonly ErasedField[]): readonly ErasedField[] =>
  fields.filter(
    ({ parser, paths }) => parser !== undefined || paths.some((path) => path.parser !== undefined),
  );

/** @param ofAbout whether only places are looked at that say whom the row is about */
function holds(
  finder: Redactor,
  { form, parser, paths, identity, about }: ErasedField,
  field: Buffer | null | undefined,
  ofAbout: boolean,
): boolean {
  if (field === null || field === undefined) return false;
  if (form === 'json' && paths.length > 0) {
    const inside = paths.filter((path) => path.parser !== undefined && (path.about || !ofAbout));
    return finder.json(field.toString(), namingRules(inside)) !== undefined;
  }
  if (parser === undefined || identity === undefined || (ofAbout && !about)) return false;
  const bytes = form === 'bytes' ? Buffer.from(field.toString('latin1', 2), 'hex') : field;
  return finder.inside(bytes, parser, identity) !== undefined;
}
