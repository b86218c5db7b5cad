import type { Archive } from '../archive/archive.ts';
import type { GrowingFile } from '../archive/growing-file.ts';
import { calendarEnd, calendarMerger, calendarStart } from './icalendar.ts';
import type { TableTask } from './table-task.ts';
import { contactColumns, vcardOf } from './vcard.ts';

/** Contacts or a calendar, as the programs of others read them. */
export interface CardFiles {
  /** @param values of the task's columns, in their order */
  write(values: readonly (Buffer | null)[]): Promise<void>;
  close(): Promise<readonly string[]>;
}

export function cardFiles(archive: Archive, { table, columns, folder }: TableTask): CardFiles {
  const as = table.entry.exports?.as;
  const textsOf = (values: readonly (Buffer | null)[], name: string): readonly string[] => {
    const index = columns.findIndex((column) => column.name === name && column.use !== 'review');
    const text = values[index]?.toString();
    if (text === undefined) return [];
    return columns[index]?.form === 'json' ? stringsIn(JSON.parse(text)) : [text];
  };
  if (as === 'vcard') {
    const parts = contactColumns(table);
    return gathered(archive, `${folder}/contacts.vcf`, ['', ''], (values) =>
      vcardOf(parts, (name) => textsOf(values, name)),
    );
  }
  if (as === 'icalendar') {
    const column = table.fields.find(([, { parser }]) => parser === 'icalendar')?.[0];
    const merger = calendarMerger();
    return gathered(archive, `${folder}/calendar.ics`, [calendarStart, calendarEnd], (values) =>
      column === undefined ? undefined : merger.take(textsOf(values, column)[0] ?? ''),
    );
  }
  return { write: () => Promise.resolve(), close: () => Promise.resolve([]) };
}

/** The texts of a list or a document, however deep. */
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

function gathered(
  archive: Archive,
  path: string,
  [start, end]: readonly [start: string, end: string],
  textOf: (values: readonly (Buffer | null)[]) => string | undefined,
): CardFiles {
  let file: GrowingFile | undefined;
  return {
    async write(values) {
      const text = textOf(values) ?? '';
      if (text === '') return;
      if (file === undefined) {
        file = archive.create(path);
        await file.write(start);
      }
      await file.write(text);
    },
    async close() {
      if (file === undefined) return [];
      await file.write(end);
      await file.close();
      return [path];
    },
  };
}
