import type { Queryable } from '../../../base/postgres.ts';
import { type ModelTable, ownerReferences } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import type { PersonGraph } from '../../graph/person-graph.ts';
import { type Column, type ColumnUse, columnsOf, isSecret, tableLabel } from './column.ts';
import { type MailColumns, mailColumns } from './mail-columns.ts';
import { columnSql, keySql, objectKeySql, type RowQuery, rowQuery } from './row-query.ts';
import { type SealedColumn, sealedColumns } from './sealed.ts';

/** All that is known of a table before its rows are read. */
export interface TableTask {
  readonly table: ModelTable;
  readonly query: RowQuery;
  /** Those that come into `rows.json` and `rows.csv`. */
  readonly columns: readonly Column[];
  /** Columns that do not, and why. */
  readonly left: readonly {
    readonly column: string;
    readonly why: string;
    /** It is the person's, and only the key to it is wanting. */
    readonly sealed: boolean;
  }[];
  readonly mail: MailColumns | undefined;
  readonly objects: readonly ObjectField[];
  /** Columns that are decrypted first. */
  readonly sealed: readonly SealedColumn[];
  /** In the archive. */
  readonly folder: string;
  /** Where files of a row lie beside the message that it belongs to: that table's folder. */
  readonly beside: string | undefined;
}

export interface ObjectField {
  readonly field: string;
  readonly bucket: string;
  /** Why a person has to look at it first. */
  readonly review?: string;
  /** `.eml` */
  readonly extension: string;
}

const extensions: Readonly<Record<string, string>> = {
  eml: '.eml',
  mbox: '.mbox',
  vcard: '.vcf',
  icalendar: '.ics',
  json: '.json',
  csv: '.csv',
  text: '.txt',
};

const whyLeft = {
  secret: 'it opens an account',
  derived: 'a keyed hash of another column',
  sealed: 'encrypted in a way that only the application can undo',
} as const;

/**
 * Looks the table up in the database.
 * @param where SQL over the row `t`: the rows that are exported
 */
export async function tableTask(
  db: Queryable,
  graph: PersonGraph,
  table: ModelTable,
  where: string,
): Promise<TableTask> {
  const sealed = sealedColumns(graph.model.map, table);
  const mail = mailColumns(table, new Set(sealed.map(({ column }) => column)));
  const known = await columnsOf(db, table, new Set(sealed.map(({ column }) => column)));
  const inMessage = new Set([mail?.header, mail?.body]);
  const columns = known.filter(({ name, use }) => isExported(use) && !inMessage.has(name));
  const objects = objectFields(table);
  const beside = ownerReferences(table).find(({ toTable, toColumns }) => {
    const owner = graph.model.tables.get(toTable);
    if (owner === undefined || owner.name === table.name || mailColumns(owner) === undefined) return false;
    return JSON.stringify(toColumns) === JSON.stringify(owner.entry.primary_key);
  });
  const own = (name: string | undefined) => known.find((column) => column.name === name)?.sql ?? 'null::text';
  const wanted = new Map([
    ...columnSql(columns),
    ['key', keySql(table.entry.primary_key ?? [], (name) => isSecretOf(table, name))],
    // As it is bound into encrypted values (docs/formats/column-value.md).
    ...(sealed.length === 0 ? [] : [['place', placeSql(table.entry.primary_key ?? [])] as const]),
    ...sealed.map(({ column }) => [`sealed ${column}`, `t.${quoteIdentifier(column)}`] as const),
    ['beside', beside === undefined ? 'null::text' : besideSql(graph, beside)],
    ...(mail === undefined
      ? []
      : ([
          ['header', own(mail.header)],
          ['body', own(mail.body)],
          ['other body', own(mail.other?.column)],
        ] as const)),
    ...table.fields.flatMap(([name, { object, type }]): readonly (readonly [string, string])[] =>
      object === undefined
        ? []
        : [[`object ${name}`, objectKeySql(name, { key: object.key, isColumn: type !== undefined })]],
    ),
  ]);
  return {
    table,
    query: rowQuery(table, where, wanted),
    columns,
    left: known.flatMap(({ name, use }) =>
      isExported(use) ? [] : [{ column: name, why: whyLeft[use], sealed: use === 'sealed' }],
    ),
    mail,
    objects,
    sealed,
    folder: tableLabel(table.name),
    beside: beside === undefined ? undefined : tableLabel(beside.toTable),
  };
}

const isExported = (use: ColumnUse): use is 'exported' | 'opened' | 'review' =>
  use === 'exported' || use === 'opened' || use === 'review';

const isSecretOf = ({ fields }: ModelTable, column: string | undefined): boolean =>
  fields.some(([name, { category }]) => name === column && isSecret(category));

/** The key of the message that a row belongs to, as that one's files are named by it. */
function besideSql(
  { model }: PersonGraph,
  { columns, toTable, toColumns }: ReturnType<typeof ownerReferences>[number],
): string {
  const owner = model.tables.get(toTable);
  return keySql(
    columns,
    (name) => owner !== undefined && isSecretOf(owner, toColumns[columns.indexOf(name)]),
  );
}

const placeSql = (columns: readonly string[]): string =>
  `pg_catalog.json_build_array(${columns.map((name) => `pg_catalog.format('%s', t.${quoteIdentifier(name)})`).join(', ')})::text`;

function objectFields({ fields }: ModelTable): readonly ObjectField[] {
  return fields.flatMap(([field, { object, category, review }]) => {
    if (object === undefined || isSecret(category)) return [];
    const extension = extensions[object.format] ?? '.bin';
    return [{ field, bucket: object.bucket, extension, ...(review === undefined ? {} : { review }) }];
  });
}
