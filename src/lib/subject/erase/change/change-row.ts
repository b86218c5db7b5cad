import { createHmac, randomBytes } from 'node:crypto';
import type { Identity } from '../../identity/identities.ts';
import type { JsonErasure, JsonRule, NameSet, Redactor } from '../../redact/index.ts';
import { placeholders } from '../closure/named-inside.ts';
import type { RowAction, RowScope } from '../closure/treatment.ts';
import { arrayElementsOrNull, arrayText } from './array-text.ts';
import type { ErasedField, FieldRule } from './fields.ts';
import { type KeptValue, keptInside } from './kept-inside.ts';

/** What takes persons out of values. */
export interface Eraser {
  readonly names: NameSet;
  /** Of a row that is theirs as a whole, the names of everybody go. */
  readonly ofEverybody: boolean;
  readonly redactor: Redactor;
  /** What stands for a value that is pseudonymised; undefined where no key is configured. */
  readonly pseudonym: ((identity: Pick<Identity, 'kind'>, value: string) => string) | undefined;
}

/** A row, by column, in PostgreSQL's text form. */
export type RowText = Readonly<Record<string, string | null>>;

export interface RowChange {
  /** By column; what is not named stays. */
  readonly values: ReadonlyMap<string, string | null>;
  /** Columns in which something of the person stays, and why. */
  readonly kept: readonly KeptValue[];
}

/** How a row is treated that stays. */
export interface RowTreatment {
  readonly action: RowAction;
  readonly scope: RowScope;
  /** By the column of their local part: addresses in halves. */
  readonly addresses?: RowText;
}

/** What becomes of the fields of a row that stays. */
export function changeRow(
  fields: readonly ErasedField[],
  row: RowText,
  { action, scope, addresses = {} }: RowTreatment,
  eraser: Eraser,
): RowChange {
  const values = new Map<string, string | null>();
  const kept: KeptValue[] = [];
  for (const field of fields) {
    const value = row[field.column] ?? null;
    if (value === null || field.hashOf !== undefined) continue;
    // Others keep a row that is detached or restricted: only what names the person goes.
    const isLinked = scope === 'linked';
    const isWhole = (scope === 'about' && action === 'redact') || (isLinked && hasOwnRule(field));
    const name = addresses[field.column] ?? value;
    if (!isWhole && !(isLinked && hasOwnPaths(field)) && !namedIn(field, name, eraser)) continue;
    const reason = keptBecause(field.rule, action);
    if (reason !== undefined) {
      kept.push({ column: field.column, reason });
      continue;
    }
    const changed = changedValue(field, value, { isWhole, isLinked, eraser });
    const isChanged = changed !== undefined && changed !== value;
    if (isChanged) values.set(field.column, changed);
    kept.push(...keptInside(field, value, { isWhole, isChanged, eraser }));
  }
  // A hash of what is gone would tell it again.
  for (const { column, hashOf, notNull } of fields) {
    if (hashOf !== undefined && values.has(hashOf)) values.set(column, notNull ? String.raw`\x` : null);
  }
  return { values, kept };
}

/** A field that tells nobody apart, and that the map has a rule for. */
const hasOwnRule = ({ identity, parser, paths, rule }: ErasedField): boolean =>
  identity === undefined && parser === undefined && paths.length === 0 && rule !== undefined;

const hasOwnPaths = ({ paths }: ErasedField): boolean =>
  paths.some(({ identity, rule }) => identity === undefined && rule !== undefined);

function keptBecause(rule: FieldRule | undefined, action: RowAction): string | undefined {
  if (typeof rule === 'object' && 'keep' in rule) return rule.keep;
  if (rule === 'with-row') return 'it goes with its row, which stays';
  if (rule === undefined && action === 'restrict') return 'the row is kept restricted';
  return undefined;
}

/** What finds the persons in a document. */
export const namingRules = (paths: ErasedField['paths']): readonly JsonRule[] =>
  paths.flatMap(({ path, identity, parser }) =>
    identity === undefined
      ? []
      : [{ path, identity, erase: parser === undefined ? ('null' as const) : { inside: parser } }],
  );

function namedIn(field: ErasedField, value: string, { names, redactor }: Eraser): boolean {
  const { identity, parser, form, paths } = field;
  if (form === 'json' && paths.length > 0) {
    const rules = namingRules(paths);
    return redactor.json(value, rules) !== undefined;
  }
  if (identity === undefined) return false;
  if (parser !== undefined) return redactor.inside(bytesOf(field, value), parser, identity) !== undefined;
  if (form === 'array') return redactor.elements(arrayElementsOrNull(value), identity) !== undefined;
  return names.has(identity, form === 'bytes' ? bytesOf(field, value).toString() : value);
}

interface Manner {
  readonly isWhole: boolean;
  /** The row speaks of the person: what has a rule goes, though it names nobody. */
  readonly isLinked: boolean;
  readonly eraser: Eraser;
}

/** @returns undefined where it stays */
function changedValue(field: ErasedField, value: string, manner: Manner): string | null | undefined {
  const { rule, paths, form } = field;
  if (rule === 'shred') return undefined;
  if (rule === 'set-null') return null;
  if (typeof rule === 'object' && 'replace' in rule) return rule.replace;
  if (form === 'json' && paths.length > 0) return changedJson(field, value, manner);
  if (typeof rule === 'object' && 'pseudonymise' in rule) return pseudonymised(field, value, manner);
  if (manner.isWhole && rule === undefined) return emptied(field, value);
  const isAllTheirs = manner.isWhole && (manner.eraser.ofEverybody || field.about);
  if (isAllTheirs && typeof rule === 'object' && 'redact' in rule) return emptied(field, value);
  if (typeof rule === 'object' && 'redact' in rule && rule.redact === 'value') return emptied(field, value);
  return redacted(field, value, manner);
}

function redacted(field: ErasedField, value: string, { eraser }: Manner): string | null | undefined {
  const { identity, parser, form } = field;
  if (identity === undefined) return emptied(field, value);
  if (parser !== undefined) {
    const inside = eraser.redactor.inside(bytesOf(field, value), parser, identity);
    if (inside === undefined) return undefined;
    const changed = textOf(field, inside);
    return fitting(field, value, form === 'text' && field.unique ? withOwn(value, changed) : changed);
  }
  if (form === 'array') {
    const others = eraser.redactor.elements(arrayElementsOrNull(value), identity);
    return others === undefined ? undefined : arrayText(others);
  }
  return emptied(field, value);
}

/**
 * In place of each address one of its own: what was different from every other text stays so, also from those of earlier
 * erasures; and what began alike, as the names of a folder and of one in it, still does.
 */
function withOwn(value: string, changed: string): string {
  const [first = '', ...kept] = changed.split(placeholders.placeholder);
  let at = first.length;
  const rest = kept.map((text, index) => {
    const end = index === kept.length - 1 ? value.length - text.length : value.indexOf(text, at);
    const was = value.slice(at, end);
    at = end + text.length;
    return `erased-${createHmac('sha256', ownKey).update(was).digest('hex').slice(0, 16)}@erased.invalid${text}`;
  });
  return first + rest.join('');
}

/** Kept nowhere, so that nothing can be told from what it makes. */
const ownKey = randomBytes(32);

/** What stands in place of an address may be longer than that was, and than the column is. */
function fitting(field: ErasedField, value: string, changed: string): string | null | undefined {
  const { room } = field;
  if (charactersOf(changed) <= room) return changed;
  const shorter = changed.replaceAll(placeholders.placeholder, 'e@e.invalid');
  return charactersOf(shorter) <= room ? shorter : emptied(field, value);
}

/** As PostgreSQL counts them. */
const charactersOf = (text: string): number =>
  text.replaceAll(/[\ud800-\udbff](?=[\udc00-\udfff])/g, '').length;

function pseudonymised(
  { column, identity, form }: ErasedField,
  value: string,
  { isWhole, eraser: { names, pseudonym } }: Manner,
): string | undefined {
  if (pseudonym === undefined) throw new TypeError('a pseudonym needs a key');
  const kind = identity ?? { kind: column };
  if (form !== 'array') return pseudonym(kind, value);
  const isTheirs = (element: string) => isWhole || (identity !== undefined && names.has(identity, element));
  return arrayText(
    arrayElementsOrNull(value).map((element) =>
      element !== null && isTheirs(element) ? pseudonym(kind, element) : element,
    ),
  );
}

function changedJson(
  { paths }: ErasedField,
  value: string,
  { isWhole, isLinked, eraser }: Manner,
): string | undefined {
  const rules = paths.flatMap((one): readonly JsonRule[] => {
    const { path, identity, rule, parser } = one;
    const isInside = parser !== undefined && !isWhole && (rule === undefined || isRedaction(rule));
    if (isInside && identity !== undefined) return [{ path, identity, erase: { inside: parser } }];
    const erase = jsonErasure(rule, identity, eraser);
    // Whatever stands at the path goes with the whole; else only what is the person's.
    const isDue = isWhole || identity !== undefined || (isLinked && rule !== undefined);
    if (erase === undefined || !isDue) return [];
    return [{ path, erase, ...(isWhole || identity === undefined ? {} : { identity }) }];
  });
  return eraser.redactor.json(value, rules);
}

const isRedaction = (rule: FieldRule): boolean => typeof rule === 'object' && 'redact' in rule;

function jsonErasure(
  rule: FieldRule | undefined,
  identity: Identity | undefined,
  { pseudonym }: Eraser,
): JsonErasure | undefined {
  if (rule === undefined) return 'node';
  if (rule === 'set-null') return 'null';
  if (typeof rule === 'string' || 'keep' in rule) return undefined;
  if ('replace' in rule) return { text: rule.replace };
  if ('redact' in rule) return rule.redact === 'value' ? 'value' : 'node';
  if (pseudonym === undefined) throw new TypeError('a pseudonym needs a key');
  return { by: (value) => pseudonym(identity ?? { kind: 'json' }, value) };
}

/** A value of its type with nothing personal in it; one that may have to be different from others is. */
function emptied(field: ErasedField, value: string): string | null | undefined {
  const { form, notNull, identity, parser, domain, room } = field;
  if (domain !== undefined && !value.includes('@')) return unique().slice(0, room);
  if (identity?.kind === 'email' && parser === undefined && (form === 'text' || form === 'bytes'))
    return textOf({ form }, Buffer.from(`${unique()}@erased.invalid`.slice(0, room)));
  if (!notNull) return null;
  if (form === 'array') return '{}';
  if (form === 'bytes') return String.raw`\x`;
  if (form === 'json') return value.trimStart().startsWith('[') ? '[]' : '{}';
  if (form === 'other') return undefined;
  if (parser === 'vcard') return 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:erased\r\nEND:VCARD\r\n';
  if (parser === 'icalendar')
    return 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//postern//EN\r\nEND:VCALENDAR\r\n';
  return (identity === undefined ? 'erased' : unique()).slice(0, room);
}

/** As an account's name must be different from every other one. */
const unique = (): string => `erased-${randomBytes(8).toString('hex')}`;

const bytesOf = ({ form }: ErasedField, value: string): Buffer =>
  form === 'bytes' ? Buffer.from(value.slice(2), 'hex') : Buffer.from(value);

const textOf = ({ form }: Pick<ErasedField, 'form'>, bytes: Buffer): string =>
  form === 'bytes' ? `\\x${bytes.toString('hex')}` : bytes.toString();
