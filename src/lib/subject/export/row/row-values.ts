import { domainToASCII, domainToUnicode } from 'node:url';
import type { Masking, MaskPlace } from '../masking.ts';
import type { Column } from './column.ts';
import { isSecret } from './column.ts';
import { replaceAt } from './json-places.ts';
import type { TableTask } from './table-task.ts';

/** Who a message tells everybody that it went to, in small letters; undefined where there is no message. */
export type OpenHeader = string | undefined;

/**
 * The values of a row as they are given out: without secrets inside of JSON, and without what a person has to decide
 * on, or those recipients of a message whom its header does not name.
 */
export function givenValues(
  { table, columns }: Pick<TableTask, 'table' | 'columns'>,
  value: (column: Column) => Buffer | null,
  masking: Masking,
  place: Pick<MaskPlace, 'table' | 'key'>,
  header: OpenHeader,
): readonly (Buffer | null)[] {
  const fields = new Map(table.fields);
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
    if (column.form !== 'json') return given;
    let text = given.toString();
    const hide = (
      path: string,
      category: string | undefined,
      review: string | undefined,
      isName: boolean,
    ) => {
      let index = 0;
      const result = replaceAt(text, path, (found) => {
        if (isSecret(category)) return '[left out: it opens an account]';
        const at = { ...place, field: `${column.name} ${path}` };
        if (review !== undefined)
          return masking.mask({ ...at, why: review }, 'internal-note', index++, Buffer.from(found));
        if (!isName || header === undefined || !found.includes('@')) return undefined;
        if (isNamed(header, found) || masking.isPerson(found)) return undefined;
        return masking.mask(at, 'bcc', index++, Buffer.from(found));
      });
      // A path that cannot be followed here hides all of the document.
      if (result === undefined && (isSecret(category) || review !== undefined))
        text = JSON.stringify('[left out: a part of it opens an account, or has to be reviewed]');
      else text = result ?? text;
    };
    for (const [path, part] of Object.entries(field.paths ?? {}))
      hide(path, part.category, part.review, part.identity !== undefined);
    if (field.identity !== undefined) hide('$[*]', undefined, undefined, true);
    return Buffer.from(text);
  });
}

/** Whether a header has an address, its domain in either of its forms (IDNA). */
function isNamed(header: string, address: string): boolean {
  const at = address.lastIndexOf('@') + 1;
  const [local, domain] = [address.slice(0, at), address.slice(at)];
  if (header.includes(address.toLowerCase())) return true;
  return [domainToASCII(domain), domainToUnicode(domain)].some(
    (form) => form !== '' && header.includes(`${local}${form}`.toLowerCase()),
  );
}

const asValue = (note: string, { form }: Column): Buffer =>
  Buffer.from(form === 'json' ? JSON.stringify(note) : note);
