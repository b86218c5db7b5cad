import { type Identity, isWeak, searchForms } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { canonicalValue } from './canonical-value.ts';
import type { HashPurpose, NameHasher } from './name-hasher.ts';

/** A spelling of a name that is hashed. */
interface NameForm {
  readonly kind: string;
  readonly value: string;
}

/**
 * Every spelling under which a person is looked up: each name as it is, and as each identity of its kind compares it
 * (ann+news@example.org is ann@example.org where the map has the variant `plus-tag`).
 */
function nameForms(identities: ReadonlyMap<string, Identity>, known: KnownValues): readonly NameForm[] {
  return [...known].flatMap(([kind, values]) => {
    const own = [...identities.values()].filter((identity) => identity.kind === kind);
    const forms = [...values].flatMap((value) => [
      value,
      ...own.flatMap((identity) => searchForms(identity, value)),
    ]);
    // Each once, however many identities write it so: a list of recipients has millions of names.
    const canonical = new Set(forms.map((value) => canonicalValue(kind, value)));
    return [...canonical].filter((value) => value !== '').map((value) => ({ kind, value }));
  });
}

/**
 * The hashes to store of a person, under the current key. What several persons may share, the telephone of an office,
 * is left out, unless nothing else is known.
 */
export function hashesToStore(
  hasher: NameHasher,
  purpose: HashPurpose,
  identities: ReadonlyMap<string, Identity>,
  known: KnownValues,
): readonly string[] {
  const weak = new Set([...identities.values()].filter(isWeak).map(({ kind }) => kind));
  const strong = new Map([...known].filter(([kind, { size }]) => !weak.has(kind) && size > 0));
  return hashesOfAll(hasher, purpose, identities, strong.size > 0 ? strong : known);
}

/** The hashes of every name, under the current key, whoever shares it. */
export function hashesOfAll(
  hasher: NameHasher,
  purpose: HashPurpose,
  identities: ReadonlyMap<string, Identity>,
  known: KnownValues,
): readonly string[] {
  const forms = nameForms(identities, known);
  return [...new Set(forms.map(({ kind, value }) => hasher.hash(purpose, kind, value)))];
}

/** The hashes by which a person may have been stored, under each configured key. */
export function hashesToFind(
  hasher: NameHasher,
  purpose: HashPurpose,
  identities: ReadonlyMap<string, Identity>,
  known: KnownValues,
): ReadonlySet<string> {
  return new Set(nameForms(identities, known).flatMap(({ kind, value }) => hasher.all(purpose, kind, value)));
}
