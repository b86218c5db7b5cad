import { counted } from '../../../../base/counted.ts';
import type { Column } from '../../../catalog/index.ts';
import type { MapField } from '../../map-schema.ts';
import type { AddressCounts, ColumnProfile } from '../value/column-profile.ts';
import { addressNote, isMostlyWhole, mostFrequent } from './describe.ts';
import { type DraftField, emailIdentity, type Note } from './draft.ts';

const category = 'user.contact.email';
type Erase = NonNullable<MapField['erase']>;

/** The type as the map writes it: what a domain is over, where that says how its values are erased. */
export const fieldType = ({ type, baseType }: Column): string =>
  /^(?:jsonb?|bytea)$|\[\]$/.test(baseType) ? baseType : type;

/** A field for a column in which the sample found addresses; undefined where it found none. */
export function addressField(column: Column, profile: ColumnProfile, isKey: boolean): DraftField | undefined {
  const { addresses, paths, kind, values } = profile;
  if (addresses.values === 0) return undefined;
  const type = fieldType(column);
  const note = addressNote(addresses, values);
  const plain = { column: column.name, pathNotes: new Map<string, Note>() };
  if (kind === 'json' && paths.size > 0) {
    const found = [...paths].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return {
      column: column.name,
      entry: { type, paths: Object.fromEntries(found.map(([path, counts]) => [path, pathEntry(counts)])) },
      note,
      pathNotes: new Map(found.map(([path, counts]) => [path, addressNote(counts, values)])),
    };
  }
  if (kind === 'array' && addresses.forms.has('plain')) {
    const identity = isMostlyWhole(addresses) ? { identity: emailIdentity } : {};
    return { ...plain, entry: { type, category, ...identity, erase: { redact: 'element' } }, note };
  }
  return { ...plain, entry: { type, category, ...valueEntry(addresses, column, isKey) }, note };
}

/** What stands at a path of a JSON document. */
function pathEntry(counts: AddressCounts): NonNullable<MapField['paths']>[string] {
  // The object that has them as keys may belong to others too.
  if (counts.keys > 0) return { category, erase: 'TODO' };
  if (isMostlyWhole(counts)) return { category, identity: emailIdentity, erase: { redact: 'node' } };
  const parser = parserOf(counts);
  if (parser === undefined) return { category, erase: { redact: 'node' } };
  return { category, parser, erase: { redact: 'address' } };
}

function valueEntry(
  counts: AddressCounts,
  column: Column,
  isKey: boolean,
): Pick<MapField, 'identity' | 'parser' | 'erase'> {
  if (isMostlyWhole(counts)) return { identity: emailIdentity, erase: clearing(column, isKey) };
  const parser = isHstore(column) ? 'text' : parserOf(counts);
  if (parser === undefined) return { erase: clearing(column, isKey) };
  const isChanged = column.generated === null && (isHstore(column) || isRewritable(column));
  return { parser, erase: isChanged ? { redact: 'address' } : clearing(column, isKey) };
}

/** Text that can be put together again without an address; that of a composite or a tsvector is looked into, and goes. */
const isRewritable = ({ baseType }: Column): boolean =>
  /^(?:text|character varying|character|xml|bytea|(?:\S+\.)?citext)\b/.test(baseType);

/** What stands in place of an address needs no quoting in it either. */
const isHstore = ({ baseType }: Column): boolean => /(?:^|\.)hstore$/.test(baseType);

function parserOf({ forms, formats }: AddressCounts): NonNullable<MapField['parser']> | undefined {
  return (
    mostFrequent(formats) ?? (forms.has('base64') ? 'base64' : forms.has('compressed') ? 'text' : undefined)
  );
}

/** NULL where that is possible; a person decides about the rest. */
export function clearing({ notNull, generated }: Column, isKey: boolean): Erase {
  return notNull || generated !== null || isKey ? 'TODO' : 'set-null';
}

/** A field of ids of messages; `keep` is a person's word that what looks like addresses there are none. */
export const messageIdField = (column: Column, { addresses, values }: ColumnProfile): DraftField => ({
  column: column.name,
  entry: {
    type: fieldType(column),
    category: 'system.operations',
    erase: { keep: 'ids of messages look as addresses do' },
  },
  note: {
    reason: `${addressNote(addresses, values).reason}; by its name they are ids of messages`,
    confidence: 'medium',
  },
  pathNotes: new Map(),
});

/** A field that somebody has to classify. */
export function openField(
  column: Column,
  profile: ColumnProfile | undefined,
  why: string | undefined,
): DraftField {
  const reason =
    why ??
    (profile === undefined
      ? 'not read'
      : profile.values === 0
        ? 'no value was there to read'
        : `no address in ${counted(profile.values, 'value')} read; other personal data cannot be ruled out`);
  return {
    column: column.name,
    entry: { type: fieldType(column), category: 'TODO' },
    note: { reason, confidence: 'low' },
    pathNotes: new Map(),
  };
}

/** A field that is personal by its name or type alone. */
export function hintedField(column: Column, suggested: string, reason: string, isKey: boolean): DraftField {
  return {
    column: column.name,
    entry: { type: fieldType(column), category: suggested, erase: clearing(column, isKey) },
    note: { reason, confidence: 'low' },
    pathNotes: new Map(),
  };
}
