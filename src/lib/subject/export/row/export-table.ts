import { PosternError } from '../../../base/error.ts';
import type { Client } from '../../../base/postgres.ts';
import type { Archive } from '../archive/archive.ts';
import { safeFileName, safeKey, safeName } from '../archive/safe-name.ts';
import type { Masking, MaskPlace } from '../masking.ts';
import { type MailFiles, type MailForm, mailFiles } from '../message/mail-files.ts';
import { maskMessage } from '../message/mask-message.ts';
import { openNames } from '../message/open-names.ts';
import { unpacked } from '../message/unpacked.ts';
import { wholeMessage } from '../message/whole-message.ts';
import { cardFiles } from './card-files.ts';
import { copyRows, type RawRow } from './copy-rows.ts';
import { type FetchedObject, fetchObject, type OpenBucket } from './objects.ts';
import { givenValues } from './row-values.ts';
import { asTable, type DataKeyOf, openSealed } from './sealed.ts';
import { tableFiles } from './table-files.ts';
import type { ObjectField, TableTask } from './table-task.ts';
import { asText } from './value.ts';
import { isWithheld } from './withheld.ts';

/** Rows whose objects are asked for at once. */
const rowsAtOnce = 8;
/** A message is masked as a whole, so it has to stand in memory; a value, to be written as JSON. */
const largest = 256 << 20;
/** Rows that the page shows. */
const shownRows = 10;
const shownCharacters = 200;

export interface ExportTableContext {
  readonly db: Client;
  readonly archive: Archive;
  readonly masking: Masking;
  readonly openBucket: OpenBucket;
  readonly dataKeyOf: DataKeyOf;
  readonly mailForm: MailForm;
  /** Bytes after which another file of rows or messages begins; undefined: never. */
  readonly rollAt: number | undefined;
  readonly signal: AbortSignal;
  readonly onRow: () => void;
}

/** What of a table came into the archive. */
export interface ExportedTable {
  readonly rows: number;
  readonly messages: number;
  /** Objects and attachments, beside messages. */
  readonly objects: number;
  /** Of the table as a whole: rows, mailbox, contacts, calendar. */
  readonly files: readonly string[];
  readonly missing: ReadonlyMap<string, number>;
  /** The first rows, as the page shows them. */
  readonly shown: readonly (readonly string[])[];
}

/** Writes the rows of a table, with their messages and objects. Memory is the same however many there are. */
export async function exportTable(context: ExportTableContext, task: TableTask): Promise<ExportedTable> {
  const { db, archive, signal } = context;
  const rows = tableFiles(archive, { folder: task.folder, columns: task.columns, rollAt: context.rollAt });
  const mail = mailFiles(archive, { folder: task.folder, form: context.mailForm, rollAt: context.rollAt });
  const cards = cardFiles(archive, task);
  const run: Run = { context, task, mail, missing: new Map(), messages: 0, objects: 0, unnamed: 0 };
  const shown: (readonly string[])[] = [];
  const count = await copyRows(db, task.query.sql, async (block) => {
    for (let from = 0; from < block.length; from += rowsAtOnce) {
      signal.throwIfAborted();
      const some = block.slice(from, from + rowsAtOnce);
      const fetched = some.map((row) => fetchAll(run, row));
      // Where one fails nobody asks for the others any more.
      for (const each of fetched) each.catch(() => {});
      for (const [index, row] of some.entries()) {
        const { values, files } = await exportRow(run, row, (await fetched[index]) ?? []);
        await rows.write(values, files);
        await cards.write(values);
        if (shown.length < shownRows)
          shown.push(task.columns.map(({ form }, at) => shortened(asText(values[at] ?? null, form))));
        await context.masking.settle();
        context.onRow();
      }
    }
  });
  const files = [...(await rows.close()), ...(await mail.close()), ...(await cards.close())];
  return { rows: count, messages: run.messages, objects: run.objects, files, missing: run.missing, shown };
}

interface Run {
  readonly context: ExportTableContext;
  readonly task: TableTask;
  readonly mail: MailFiles;
  readonly missing: Map<string, number>;
  messages: number;
  objects: number;
  unnamed: number;
}

type Fetched = { readonly field: ObjectField; readonly found: FetchedObject };

async function fetchAll({ context, task }: Run, row: RawRow): Promise<readonly Fetched[]> {
  const all = task.objects.map(async (field): Promise<readonly Fetched[]> => {
    const key = at(task, row, `object ${field.field}`);
    if (key === null) return [];
    const isMessage = field.field === task.mail?.object;
    const found = await fetchObject(context.openBucket, field.bucket, key.toString(), {
      ...(isMessage ? { wholeUpTo: largest } : {}),
      signal: context.signal,
    });
    return [{ field, found }];
  });
  return (await Promise.all(all)).flat();
}

async function exportRow(
  run: Run,
  whatIsThere: RawRow,
  fetched: readonly Fetched[],
): Promise<{ readonly values: readonly (Buffer | null)[]; readonly files: readonly string[] }> {
  const { context, task } = run;
  const key = JSON.parse(at(task, whatIsThere, 'key')?.toString() ?? '[]') as string[];
  const name = key.length === 0 ? `row-${++run.unnamed}` : safeKey(key);
  const place = { table: task.table.name, key };
  const files: string[] = [];
  let whole: Buffer | undefined;
  const row = whatIsThere.map((value) => (isTooLarge(value) ? null : value));
  for (const [wanted, index] of task.query.at) {
    if (!isTooLarge(whatIsThere[index])) continue;
    await tellMissing(run, { ...place, field: wanted.replace(/^(?:column|sealed) /, '') }, 'too-large');
  }
  for (const { field, found } of fetched) {
    if ('missing' in found) await tellMissing(run, { ...place, field: field.field }, found.missing);
    else if (field.field === task.mail?.object && 'content' in found)
      whole = unpacked(found.content, largest);
  }
  const opened = await openRow(run, row, place);
  const part = (column: string | undefined, name: string): Buffer | null =>
    opened.get(column ?? '') ?? (isSealed(task, column) ? null : at(task, row, name));
  const header = task.mail === undefined ? null : part(task.mail.header, 'header');
  const kept = task.mail === undefined ? null : part(task.mail.body, 'body');
  const body = kept ?? part(task.mail?.other?.column, 'other body');
  // Of a message that cannot be had, the header is not taken for the whole.
  const isLost =
    (whole === undefined &&
      fetched.some(({ field, found }) => field.field === task.mail?.object && 'missing' in found)) ||
    opened.get(task.mail?.body ?? '') === null ||
    isTooLarge(whatIsThere[task.query.at.get('body') ?? -1]);
  if (whole === undefined && header !== null && (!isLost || body !== null))
    whole = wholeMessage(header, body, kept === null ? task.mail?.other?.as : task.mail?.bodyAs);
  else if (isLost && header !== null) {
    files.push(`${task.folder}/${name}.header.txt`);
    await context.archive.add(files[0] ?? '', maskedMessage(run, header, place, files[0]));
  }
  if (whole !== undefined) {
    const masked = maskedMessage(run, whole, place, `${task.folder}/${name}.eml`);
    files.push(...(await run.mail.write(name, masked)));
    run.messages += 1;
  }
  const message = whole ?? header;
  const values = givenValues(
    task,
    (column) => {
      if (!isSealed(task, column.name)) return at(task, row, `column ${column.name}`);
      const plain = opened.get(column.name);
      return plain == null ? null : asTable(plain);
    },
    context.masking,
    place,
    message === null ? undefined : openNames(message),
  );
  for (const { field, found } of fetched) {
    if ('missing' in found || field.field === task.mail?.object) continue;
    if (await isWithheld(context.masking, { task, field, values }, found, place)) continue;
    const path = objectPath(run, row, { name, field, values });
    if ('content' in found) await context.archive.add(path, found.content);
    else if (!(await streamed(run, path, found.stream))) {
      await tellMissing(run, { ...place, field: field.field }, 'object-unreadable');
      continue;
    }
    files.push(path);
    run.objects += 1;
  }
  return { values, files };
}

const isTooLarge = (value: Buffer | null | undefined): boolean => (value?.byteLength ?? 0) > largest;

async function tellMissing({ context, missing }: Run, place: MaskPlace, why: string): Promise<void> {
  missing.set(why, (missing.get(why) ?? 0) + 1);
  await context.archive.note('notExported', { ...place, why });
}

/** @returns false where the store could not give all of it: then nothing of it comes into the archive */
async function streamed(
  { context: { archive, signal } }: Run,
  path: string,
  stream: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const file = archive.create(path);
  try {
    for await (const piece of stream) await file.write(piece);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PosternError)) throw error;
    await file.discard();
    return false;
  }
  await file.close();
  return true;
}

const isSealed = ({ sealed }: TableTask, name: string | undefined): boolean =>
  sealed.some(({ column }) => column === name);

/** What is encrypted in a row, by column; what cannot be opened is told of, and null. */
async function openRow(
  run: Run,
  row: RawRow,
  place: { readonly table: string; readonly key: readonly string[] },
): Promise<ReadonlyMap<string, Buffer | null>> {
  const { context, task } = run;
  const opened = new Map<string, Buffer | null>();
  for (const sealed of task.sealed) {
    const value = at(task, row, `sealed ${sealed.column}`);
    if (value === null) continue;
    const primaryKey = JSON.parse(at(task, row, 'place')?.toString() ?? '[]') as string[];
    const found = await openSealed(sealed, value, primaryKey, context.dataKeyOf);
    opened.set(sealed.column, Buffer.isBuffer(found) ? found : null);
    if (!Buffer.isBuffer(found)) await tellMissing(run, { ...place, field: sealed.column }, found.problem);
  }
  return opened;
}

function maskedMessage(
  { context: { masking } }: Run,
  message: Buffer,
  place: { readonly table: string; readonly key: readonly string[] },
  file = '',
): Buffer {
  return maskMessage(message, {
    isPerson: (address) => masking.isPerson(address),
    mask: ({ kind, index, content }) =>
      masking.mask({ ...place, field: 'message', file }, kind, index, content),
  });
}

/** With the message that the row belongs to, or is; else in a folder of the row. */
function objectPath(
  { task }: Run,
  row: RawRow,
  {
    name,
    field,
    values,
  }: { readonly name: string; readonly field: ObjectField; readonly values: readonly (Buffer | null)[] },
): string {
  const parent = at(task, row, 'beside');
  const folder =
    task.beside !== undefined && parent !== null
      ? `${task.beside}/${safeKey(JSON.parse(parent.toString()) as string[])}/${task.folder}`
      : task.mail === undefined
        ? `${task.folder}/${name}`
        : `${task.folder}/${name}/${task.folder}`;
  const own = task.objects.length > 1 ? `${folder}/${safeName(field.field)}` : folder;
  const nameColumn = task.columns.findIndex((column) => /file_?name/i.test(column.name));
  const given = nameColumn < 0 ? null : (values[nameColumn]?.toString() ?? null);
  return `${own}/${safeFileName(name, given, field.extension)}`;
}

function at(task: TableTask, row: RawRow, name: string): Buffer | null {
  const index = task.query.at.get(name);
  return index === undefined ? null : (row[index] ?? null);
}

const shortened = (text: string): string =>
  text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
