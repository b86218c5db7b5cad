import { domainToASCII, domainToUnicode } from 'node:url';
import type { MapModel } from '../../platform/map/index.ts';
import { fileExtensions } from './file-extension.ts';

/** A kind of value that tells persons apart, as the map describes it. */
export interface Identity {
  /** `contact.email` */
  readonly name: string;
  /** `contact` */
  readonly subject: string;
  /**
   * What its values are: `email` and `phone` are the same thing whoever has them; any other value means something only
   * under its own name.
   */
  readonly kind: string;
  readonly normalise: readonly NormaliseStep[];
  readonly variants: readonly Variant[];
}

export type NormaliseStep = 'trim' | 'lower' | 'nfc' | 'nfkc' | 'idna' | 'digits';
export type Variant = 'plus-tag' | 'dots';

/** Every identity of the map, by its name. */
export function identitiesOf({ map, tables }: MapModel): ReadonlyMap<string, Identity> {
  const uses = new Map<string, Use[]>();
  for (const { fields } of tables.values()) {
    for (const [, field] of fields) {
      for (const { identity, category, parser } of [field, ...Object.values(field.paths ?? {})]) {
        if (identity === undefined) continue;
        const use = { category, isInside: parser !== undefined };
        uses.set(identity, [...(uses.get(identity) ?? []), use]);
      }
    }
  }
  return new Map(
    Object.entries(map.subjects).flatMap(([subject, { identities }]) =>
      Object.entries(identities).map(([own, { normalise = [], variants = [] }]) => {
        const name = `${subject}.${own}`;
        return [name, { name, subject, kind: kindOf(name, own, uses.get(name) ?? []), normalise, variants }];
      }),
    ),
  );
}

/** A field whose values are of an identity. */
interface Use {
  readonly category: string | undefined;
  /** They stand inside of a text, where only addresses can be found. */
  readonly isInside: boolean;
}

/** One field that says so is enough: the category of another may be that of the text in which the name stands. */
function kindOf(name: string, own: string, uses: readonly Use[]): string {
  const isOf = (category: string) => uses.some((use) => use.category?.startsWith(category) === true);
  if (own === 'email' || isOf('user.contact.email') || uses.some(({ isInside }) => isInside)) return 'email';
  return own === 'phone' || isOf('user.contact.phone_number') ? 'phone' : name;
}

/** A value may be shared by several persons, as the telephone of an office is: it finds rows, and no further values. */
export const isWeak = ({ kind }: Identity): boolean => kind === 'phone';

/**
 * Whether a stored value tells its person apart. An alias for a whole domain (`@example.org`) or a number where an
 * address is expected, as forwarding tables have them, names nobody: every text has it.
 */
export const isName = ({ kind }: Pick<Identity, 'kind'>, value: string): boolean =>
  value.trim() !== '' && (kind !== 'email' || /[^\s@]@[^\s@]/.test(value));

/**
 * What a stored value, normalised by `normalisedSql`, is compared with: the value in every form in which normalising
 * may leave it.
 */
export function searchForms({ normalise, variants }: Identity, value: string): readonly string[] {
  const domains = normalise.includes('idna') || value.includes('@') ? domainForms(value) : [value];
  const forms = domains.flatMap((form) => [form, form.normalize('NFC'), form.normalize('NFD')]);
  return [...new Set(forms.map((form) => normalised(form, normalise, variants)))];
}

/** A value as its identity compares it. */
export function normalised(
  value: string,
  steps: readonly NormaliseStep[],
  variants: readonly Variant[],
): string {
  const byStep: Readonly<Record<NormaliseStep, (text: string) => string>> = {
    trim: (text) => text.replaceAll(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, ''),
    lower: (text) => text.toLowerCase(),
    nfc: (text) => text.normalize('NFC'),
    nfkc: (text) => text.normalize('NFKC'),
    // Both forms of the domain are searched for.
    idna: (text) => text,
    digits: (text) => text.replaceAll(/\D/g, ''),
  };
  const text = steps.reduce((form, step) => byStep[step](form), value);
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  let local = text.slice(0, at);
  if (variants.includes('plus-tag')) local = local.replace(/\+.*$/s, '');
  if (variants.includes('dots')) local = local.replaceAll('.', '');
  return local + text.slice(at);
}

/** The address with its domain as it is, in ASCII (RFC 5891), and in Unicode. */
function domainForms(address: string): readonly string[] {
  const at = address.lastIndexOf('@');
  if (at < 0) return [address];
  const [local, domain] = [address.slice(0, at + 1), address.slice(at + 1)];
  return [domain, domainToASCII(domain), domainToUnicode(domain)]
    .filter((form) => form !== '')
    .map((form) => local + form);
}

/** SQL: a stored value as it is compared. @param isUtf8 whether the server can normalise Unicode */
export function normalisedSql(
  text: string,
  { normalise, variants }: Identity,
  { isUtf8 }: { readonly isUtf8: boolean },
): string {
  const byStep: Readonly<Record<NormaliseStep, (sql: string) => string>> = {
    trim: (sql) => String.raw`pg_catalog.btrim(${sql}, E' \t\n\r\f\x0b')`,
    lower: (sql) => `pg_catalog.lower(${sql})`,
    nfc: (sql) => (isUtf8 ? `pg_catalog.normalize(${sql}, 'NFC')` : sql),
    nfkc: (sql) => (isUtf8 ? `pg_catalog.normalize(${sql}, 'NFKC')` : sql),
    idna: (sql) => sql,
    digits: (sql) => String.raw`pg_catalog.regexp_replace(${sql}, '\D', '', 'g')`,
  };
  const stepped = normalise.reduce((sql, step) => byStep[step](sql), text);
  const untagged = variants.includes('plus-tag')
    ? String.raw`pg_catalog.regexp_replace(${stepped}, '^([^+@]*)\+.*@', '\1@')`
    : stepped;
  if (!variants.includes('dots')) return untagged;
  return `(pg_catalog.replace(pg_catalog.split_part(${untagged}, '@', 1), '.', '') || pg_catalog.substr(${untagged}, pg_catalog.strpos(${untagged}, '@')))`;
}

/** An address without what its variants leave out: whoever is written to with a tag is written to without one too. */
export function bareAddress(address: string, variants: readonly Variant[]): string {
  const bare = normalised(address, [], variants);
  return bare.startsWith('@') ? address : bare;
}

/**
 * Addresses, and what the variants leave of them that all addresses of a map have: where one has not, it may be that of
 * somebody else.
 */
export function withBare(
  addresses: readonly string[],
  identities: Iterable<Pick<Identity, 'kind' | 'variants'>>,
): readonly string[] {
  const [first, ...others] = [...identities].filter(({ kind }) => kind === 'email');
  const common = (first?.variants ?? []).filter((variant) =>
    others.every(({ variants }) => variants.includes(variant)),
  );
  return [...new Set(addresses.flatMap((address) => [address, bareAddress(address, common)]))];
}

/**
 * A regular expression of PostgreSQL (ARE) that finds one of these addresses inside a text, and not one that only
 * begins or ends as it does. For `~*`.
 */
export function addressPattern(addresses: readonly string[], variants: readonly Variant[]): string {
  const bare = addresses.map((address) => bareAddress(address.toLowerCase(), variants));
  const forms = [...new Set(bare.flatMap((address) => domainForms(address)))];
  const one = forms.map((form) => {
    const at = form.lastIndexOf('@');
    const local = variants.includes('dots')
      ? Array.from(form.slice(0, at), escaped).join(String.raw`\.?`)
      : escaped(form.slice(0, at));
    const tag = variants.includes('plus-tag') ? String.raw`(?:\+[^@[:space:]]*)?` : '';
    // In two strings, as an IMAP envelope has it (RFC 9051 §7.5.2), or with its sign between.
    return `${local}${tag}(?:@|"[[:space:]]+")${escaped(form.slice(at + 1))}`;
  });
  // Dashes around it belong to a list, a difference or a comment: no local part begins with one, and no domain ends so.
  const ending = String.raw`(?:\.(?:${[...fileExtensions].join('|')}))*`;
  return String.raw`(^[+-]*|[^[:alnum:]._%+-][+-]*|%%)(?:${one.join('|')})${ending}-*($|[^[:alnum:].-]|\.($|[^[:alnum:]]))`;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
