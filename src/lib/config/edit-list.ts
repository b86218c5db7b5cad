import { isDeepStrictEqual } from 'node:util';
import { usageError } from '../base/error.ts';

/** One change to a list of texts. */
export type ListEdit =
  | { readonly kind: 'add'; readonly value: string }
  | { readonly kind: 'remove'; readonly index: number };

/**
 * Changes one list in the text of a YAML file, and leaves every other byte as it is: comments, order, quotes.
 * @param path of the list: `['profiles', 'production', 'backup', 'recipients']`
 * @throws {PosternError} exit 2 `config-not-editable` when the list is not written out there (an alias, a merge), or
 * the outcome would not say what was meant
 */
export async function editList(text: string, path: readonly string[], edit: ListEdit): Promise<string> {
  const { isSeq, parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const list: unknown = document.getIn(path, true);
  if (!isSeq(list)) throw notEditable('the list is not written out in the file');
  const before: unknown = list.toJS(document);
  if (!Array.isArray(before)) throw notEditable('the list is not written out in the file');
  const items = list.items.map((item) => rangeOf(item));
  const after =
    edit.kind === 'add' ? [...before, edit.value] : before.filter((_, index) => index !== edit.index);
  const form = list.flow === true ? flowForm : blockForm;
  const edited =
    edit.kind === 'add' ? form.add(text, items, edit.value) : form.remove(text, items, edit.index);
  const found = parseDocument(edited);
  const meant = withList(document.toJS(), path, after);
  if (found.errors.length > 0 || !isDeepStrictEqual(unshared(found.toJS()), meant))
    throw notEditable('another place of the file shares the list, or its form is an unusual one');
  return edited;
}

/** A copy of a document in which nothing is shared between two places, with another list at the path. */
function withList(document: unknown, path: readonly string[], list: readonly unknown[]): unknown {
  const copy = unshared(document);
  const name = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => asRecord(node)[key], copy);
  if (name !== undefined) asRecord(parent)[name] = list;
  return copy;
}

function unshared(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function asRecord(node: unknown): Record<string, unknown> {
  return (node ?? {}) as Record<string, unknown>;
}

/** Offsets of a value: [its first character, behind its last one]. */
type Range = readonly [start: number, end: number];

function rangeOf(node: unknown): Range {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  if (!Array.isArray(range)) throw notEditable('the list holds something that has no place in the file');
  return [Number(range[0]), Number(range[1])];
}

interface ListForm {
  add(text: string, items: readonly Range[], value: string): string;
  remove(text: string, items: readonly Range[], index: number): string;
}

/** `[one, two]` */
const flowForm: ListForm = {
  add: (text, items, value) => {
    const [, end] = last(items);
    return `${text.slice(0, end)}, ${quoted(value)}${text.slice(end)}`;
  },
  remove: (text, items, index) => {
    const [start, end] = at(items, index);
    const next = items[index + 1];
    if (next !== undefined) return text.slice(0, start) + text.slice(next[0]);
    return text.slice(0, index === 0 ? start : at(items, index - 1)[1]) + text.slice(end);
  },
};

/** One item a line, behind a hyphen. */
const blockForm: ListForm = {
  add: (text, items, value) => {
    const [start, end] = last(items);
    const indent = /(?:^|\n)([ ]*-[ ]+)$/.exec(text.slice(0, start))?.[1];
    if (indent === undefined) throw notEditable('an item does not begin behind a hyphen of its own line');
    const lineEnd = endOfLine(text, end);
    const glue = text[lineEnd - 1] === '\n' ? '' : '\n';
    return `${text.slice(0, lineEnd)}${glue}${indent}${quoted(value)}\n${text.slice(lineEnd)}`;
  },
  remove: (text, items, index) => {
    const [start, end] = at(items, index);
    return text.slice(0, text.lastIndexOf('\n', start - 1) + 1) + text.slice(endOfLine(text, end));
  },
};

/** The offset behind the line feed of the line, or the end of the text. */
function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function at(items: readonly Range[], index: number): Range {
  const item = items[index];
  if (item === undefined) throw new Error(`the list has no item ${index}`);
  return item;
}

function last(items: readonly Range[]): Range {
  if (items.length === 0) throw notEditable('the list is empty');
  return at(items, items.length - 1);
}

/** A path as it is, where YAML takes it for a text in either form of a list; else in double quotes. */
function quoted(value: string): string {
  return /^[A-Za-z./~][\w./~+-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|~)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

function notEditable(why: string): Error {
  return usageError(`the configuration cannot be changed here: ${why}`, { code: 'config-not-editable' });
}
