import type { Masking, MaskPlace } from '../masking.ts';
import { addressesIn, type OpenNames } from '../message/open-names.ts';
import { type BlindNames, blindNames, isBlindName } from './blind-names.ts';
import type { Column } from './column.ts';
import { isSecret } from './column.ts';
import { replaceAt, replaceInMember, replaceStrings } from './json-places.ts';
import type { TableTask } from './table-task.ts';
import { isAttachedMessage, isMessageContent } from './withheld.ts';

/**
 * The values of a row as they are given out: without secrets inside of JSON, and without what a person has to decide
 * on, or those recipients of a message whom its header does not name.
 */
export function givenValues(
  { table, columns, beside }: Pick<TableTask, 'table' | 'columns' | 'beside'>,
  value: (column: Column) => Buffer | null,
  masking: Masking,
  place: Pick<MaskPlace, 'table' | 'key'>,
  open: OpenNames,
): readonly (Buffer | null)[] {
  const fields = new Map(table.fields);
  const isAttached = isAttachedMessage({ beside, columns }, columns.map(value));
  return columns.map((column) => {
    const given = value(column);
    const field = fields.get(column.name);
    if (given === null || field === undefined) return given;
    if (column.use === 'review') {
      const note = masking.mask(
        { ...place, field: column.name, ...(column.review === undefined ? {} : { why: column.review }) },
        'internal-note',
        0,
        given,
      );
      return note === undefined ? given : asValue(note, column);
    }
    if (column.form === 'bytes' && isAttached && isMessageContent(given)) {
      const note = masking.mask({ ...place, field: column.name }, 'forwarded-message', 0, given);
      return note === undefined ? given : Buffer.from(note);
    }
    const isName =
      field.identity !== undefined || field.parser === 'address-list' || isBlindName(column.name);
    const hidden = (at: string, isBlind: boolean) =>
      blindNames(masking, { ...place, field: at }, { open, isBlind });
    if (column.form !== 'json' && !(field.parser === 'json' && isJson(given))) {
      if (column.form !== 'text' || !isName) return given;
      const note = hidden(column.name, isBlindName(column.name)).hide(given.toString());
      return note === undefined ? given : Buffer.from(note);
    }
    let text = given.toString();
    for (const [path, { category, review, identity, parser }] of Object.entries(field.paths ?? {})) {
      const at = { ...place, field: `${column.name} ${path}` };
      if (isSecret(category) || review !== undefined) {
        let index = 0;
        // A path that cannot be followed hides all of the document.
        text =
          replaceAt(text, path, (found) =>
            isSecret(category)
              ? '[left out: it opens an account]'
              : masking.mask(
                  { ...at, ...(review === undefined ? {} : { why: review }) },
                  'internal-note',
                  index++,
                  Buffer.from(found),
                ),
          ) ?? JSON.stringify('[left out: a part of it opens an account, or has to be reviewed]');
      } else if (identity !== undefined || parser === 'address-list' || isBlindName(path)) {
        const names = hidden(at.field, isBlindName(path));
        text = replaceStrings(text, path, names.hide);
        text = replaceInMember(text, path, isBlindName, besides(names));
      }
    }
    if (isName) {
      const names = hidden(`${column.name} $[*]`, isBlindName(column.name));
      text = replaceStrings(text, '$', names.hide);
      if (isBlindName(column.name)) text = replaceStrings(text, '$', besides(names));
    }
    // Members that the map does not name.
    for (const path of blindMembers(text)) {
      const names = hidden(`${column.name} ${path}`, true);
      text = replaceStrings(text, path, names.hide);
      text = replaceStrings(text, path, besides(names));
    }
    return Buffer.from(text);
  });
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** Paths to the members of a document that are called as blind copies are, wherever they are in it. */
const blindMembers = (text: string): readonly string[] => [
  ...new Set(
    Array.from(text.matchAll(/"([^"\\]*bcc[^"\\]*)"\s*:/gi), ([, key]) => `$.**.${JSON.stringify(key)}`),
  ),
];

/** What stands beside addresses that were masked: what their owners are called. */
const besides =
  ({ note }: BlindNames) =>
  (found: string): string | undefined =>
    addressesIn(found).length > 0 || found === note ? undefined : note;

const asValue = (note: string, { form }: Column): Buffer =>
  Buffer.from(form === 'json' ? JSON.stringify(note) : note);
