import { nameOf } from '../../lint/catalog-model.ts';
import type { MapField } from '../../map-schema.ts';
import type { Explained } from '../object/explain-form.ts';
import type { ScannedForm } from '../object/find-objects.ts';
import type { DraftField, DraftTable, Note, UnexplainedKeys } from './draft.ts';
import { fieldType } from './draft-field.ts';

type Format = NonNullable<MapField['object']>['format'];

const formats: Readonly<Record<string, Format>> = {
  eml: 'eml',
  msg: 'binary',
  mbox: 'mbox',
  vcf: 'vcard',
  ics: 'icalendar',
  json: 'json',
  csv: 'csv',
  txt: 'text',
  html: 'text',
  log: 'text',
};

/**
 * Writes into tables which objects belong to their rows. A column that holds keys has one template: that of the most
 * keys; what is left stays open.
 */
export function withObjectFields(
  tables: readonly DraftTable[],
  forms: readonly ScannedForm[],
): { readonly tables: readonly DraftTable[]; readonly unexplained: readonly UnexplainedKeys[] } {
  const unexplained: UnexplainedKeys[] = [];
  let done = tables;
  const taken = new Set<string>();
  for (const { bucket, form, keys, explained } of forms) {
    const why = (reason: string): void => void unexplained.push({ bucket, form, keys, reason });
    if (typeof explained === 'string') {
      why(explained);
      continue;
    }
    const table = nameOf(explained.relation);
    const place = JSON.stringify([table, explained.column ?? form]);
    if (taken.has(place)) why(`${table}.${explained.column ?? ''} has a template for other keys already`);
    else {
      taken.add(place);
      done = done.map((one) => (one.name === table ? withObject(one, bucket, form, explained) : one));
    }
  }
  return { tables: done, unexplained };
}

function withObject(table: DraftTable, bucket: string, form: string, explained: Explained): DraftTable {
  const { column, template, isDeduplicated, reason, confidence } = explained;
  const ending = /\.([a-z0-9]+)(?:\.(?:gz|zst|bz2|xz))?$/i.exec(form)?.[1]?.toLowerCase() ?? '';
  const object: NonNullable<MapField['object']> = {
    bucket,
    key: template,
    format: formats[ending] ?? 'TODO',
    versions: 'all',
    ...(isDeduplicated && { deduplicated: true }),
  };
  const note: Note = { reason, confidence };
  const own = table.relation.columns.find(({ name }) => name === column);
  if (own === undefined) {
    const field: DraftField = { column: freeName(table), entry: { object }, note, pathNotes: new Map() };
    return { ...table, fields: [...table.fields, field] };
  }
  const before = table.fields.find((field) => field.column === own.name);
  const { category, ...rest } = before?.entry ?? { type: fieldType(own) };
  const field: DraftField = {
    column: own.name,
    entry: { ...rest, ...(category !== undefined && category !== 'TODO' && { category }), object },
    note,
    pathNotes: before?.pathNotes ?? new Map(),
  };
  return {
    ...table,
    fields:
      before === undefined
        ? [...table.fields, field]
        : table.fields.map((one) => (one === before ? field : one)),
    nonPersonal: table.nonPersonal.filter((one) => one.column !== own.name),
  };
}

/** A name for a field that is no column. */
function freeName({ relation, fields }: DraftTable): string {
  const taken = new Set([...relation.columns.map(({ name }) => name), ...fields.map(({ column }) => column)]);
  let name = 'object';
  for (let number = 2; taken.has(name); number += 1) name = `object_${number}`;
  return name;
}
