import { counted } from '../../base/counted.ts';
import { type Markup, markup } from '../../report/html/markup.ts';
import { renderReport } from '../../report/html/render.ts';
import type { Block, Section } from '../../report/html/report.ts';
import { tableOf } from '../../report/html/table.ts';
import { rights, type TableFacts } from './facts.ts';
import type { Mention } from './mentions.ts';
import type { ExportSet } from './plan-tables.ts';
import type { ExportedTable } from './row/export-table.ts';
import type { TableTask } from './row/table-task.ts';

/** What the page tells of. */
export interface ExportSummary {
  readonly set: ExportSet;
  readonly exportId: string;
  readonly madeAt: Date;
  readonly madeBy: string;
  readonly tables: readonly {
    readonly task: TableTask;
    readonly exported: ExportedTable;
    readonly facts: TableFacts;
  }[];
  readonly mentions: readonly { readonly mention: Mention; readonly facts: TableFacts }[];
  readonly masked: readonly { readonly kind: string; readonly count: number }[];
  readonly disclosed: number;
  readonly missing: readonly { readonly table: string; readonly why: string; readonly count: number }[];
  readonly left: readonly { readonly table: string; readonly why: string }[];
}

/** Columns of a table that fit on the page beside each other. */
const widest = 7;

/** `index.html`: what the archive holds, for the person whose data they are. */
export function exportPage(summary: ExportSummary): Promise<string> {
  const { set, tables, missing, madeAt, madeBy, mentions } = summary;
  const sum = (of: (table: ExportedTable) => number) =>
    tables.reduce((total, { exported }) => total + of(exported), 0).toLocaleString('en');
  const lacking = missing.reduce((total, { count }) => total + count, 0);
  return renderReport({
    title: 'Your personal data',
    subtitle: `${titles[set]}, ${madeAt.toISOString().slice(0, 10)}`,
    verdict: {
      tone: lacking === 0 ? 'good' : 'warning',
      headline:
        lacking === 0
          ? `${sum(({ rows }) => rows)} entries about you, in ${counted(tables.length, 'table')}.`
          : `${counted(lacking, 'item')} could not be exported: see what is not here.`,
      text: purposes[set],
    },
    tiles: [
      { label: 'Entries', value: sum(({ rows }) => rows) },
      { label: 'Messages', value: sum(({ messages }) => messages) },
      { label: 'Attachments and objects', value: sum(({ objects }) => objects) },
      ...(set === 'access'
        ? [
            {
              label: 'Entries of others',
              value: mentions.reduce((all, { mention }) => all + mention.rows, 0).toLocaleString('en'),
              note: 'that name you',
            },
          ]
        : []),
    ],
    sections: [
      ...tables.map(tableSection),
      ...(set === 'access' ? [mentionSection(summary), factSection(summary)] : []),
      leftOut(summary),
      aboutArchive(summary),
    ],
    madeAt,
    madeBy,
  });
}

const titles = { access: 'a copy under Article 15 GDPR', portability: 'data to take along, Article 20 GDPR' };

const purposes = {
  access:
    'All entries that are yours, alone or with others, and how often entries of others name you. Each table is there as JSON, which is exact, and as CSV for spreadsheets.',
  portability:
    'What you gave us, on your consent or for a contract with you, in forms that other programs read: messages (EML, mbox), contacts (vCard), calendars (iCalendar), and tables (JSON, CSV).',
};

function tableSection({ task, exported, facts }: ExportSummary['tables'][number]): Section {
  const { columns, left } = task;
  const blocks: Block[] = [];
  if (facts.description !== null) blocks.push({ kind: 'text', text: facts.description });
  const counts = [
    counted(exported.rows, 'row'),
    ...(exported.messages > 0 ? [counted(exported.messages, 'message')] : []),
    ...(exported.objects > 0 ? [counted(exported.objects, 'object')] : []),
  ];
  blocks.push({ kind: 'text', text: `${counts.join(', ')}.` });
  if (exported.files.length > 0) blocks.push({ kind: 'figure', figure: links(exported.files) });
  blocks.push(
    ...shownRows(
      columns.map(({ name }) => name),
      exported,
    ),
  );
  if (left.length > 0) {
    blocks.push({
      kind: 'text',
      text: `Not here: ${left.map(({ column, why }) => `${column} (${why})`).join('; ')}.`,
    });
  }
  return { title: facts.table, blocks };
}

/** Few rows one under the other, many as a table of the first columns. */
function shownRows(names: readonly string[], { shown, rows }: ExportedTable): readonly Block[] {
  if (shown.length === 0 || names.length === 0) return [];
  if (rows <= 3 && names.length > widest) {
    return shown.map((cells) => ({
      kind: 'facts',
      facts: names.map((label, index) => ({ label, value: cells[index] ?? '' })),
    }));
  }
  const some = names.slice(0, widest);
  const columns = some.map((header, index) => ({
    header,
    cell: (cells: readonly string[]) => cells[index] ?? '',
  }));
  const more = rows > shown.length ? [`the first ${shown.length} entries`] : [];
  const fewer = names.length > widest ? [`the first ${widest} of ${names.length} columns`] : [];
  const note = [...more, ...fewer].join(', ');
  return [
    ...(note === '' ? [] : [{ kind: 'text', text: `Shown here: ${note}. The files have all.` } as const]),
    { kind: 'table', table: tableOf(shown, columns, '') },
  ];
}

/** Every path is made of safe names. */
function links(files: readonly string[]): Markup {
  return markup`<ul>${files.map((file) => markup`<li><a href="${file}">${file}</a></li>`)}</ul>`;
}

function mentionSection({ mentions }: ExportSummary): Section {
  return {
    title: 'Entries of others that name you',
    blocks: [
      {
        kind: 'text',
        text: 'These entries belong to others, so their content is not yours to get. This is how many there are, and the names of yours that stand in them; mentions.json has all.',
      },
      {
        kind: 'table',
        table: tableOf(
          mentions,
          [
            { header: 'Table', cell: ({ mention }) => mention.table },
            { header: 'Entries', cell: ({ mention }) => mention.rows.toLocaleString('en'), align: 'right' },
            {
              header: 'Names',
              cell: ({ mention }) =>
                [...new Set(mention.names.map(({ value }) => value))].slice(0, 8).join(', ') ||
                'by your number',
            },
          ],
          'None.',
        ),
      },
    ],
  };
}

function factSection({ tables, mentions }: ExportSummary): Section {
  return {
    title: 'Why these data are kept, and how long',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          [...tables, ...mentions].map(({ facts }) => facts),
          [
            { header: 'Table', cell: ({ table }) => table },
            { header: 'Categories', cell: ({ categories }) => categories.join(', ') || '–' },
            { header: 'Legal basis', cell: ({ legalBasis }) => legalBasis ?? 'not told' },
            { header: 'Kept', cell: keptFor },
            { header: 'Source', cell: ({ source }) => source },
            { header: 'Handed on by', cell: ({ recipients }) => recipients.join(', ') || '–' },
          ],
          'None.',
        ),
      },
      ...rights.map((text) => ({ kind: 'text', text }) as const),
    ],
  };
}

function keptFor({ kept, keptFrom, keptByLaw }: TableFacts): string {
  if (kept === null) return 'not told';
  const from = keptFrom === null ? '' : `, from ${keptFrom}`;
  return `${kept === 'until-termination' ? 'until your contract ends' : kept}${from}${keptByLaw === null ? '' : ` (${keptByLaw})`}`;
}

function leftOut({ masked, disclosed, missing, left }: ExportSummary): Section {
  const lines = [
    ...masked.map(({ kind, count }) => ({
      what: maskedNames[kind] ?? kind,
      count,
      why: 'masked: the rights of others (Article 15(4) GDPR)',
    })),
    ...missing.map(({ table, why, count }) => ({ what: table, count, why: missingNames[why] ?? why })),
    ...left.map(({ table, why }) => ({ what: table, count: undefined, why })),
  ];
  return {
    title: 'What is not here',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          lines,
          [
            { header: 'What', cell: ({ what }) => what },
            { header: 'Number', cell: ({ count }) => count?.toLocaleString('en') ?? '', align: 'right' },
            { header: 'Why', cell: ({ why }) => why },
          ],
          'Nothing was left out.',
        ),
      },
      {
        kind: 'text',
        text: `manifest.json lists every single masking with its reason${disclosed === 0 ? '' : `, and ${counted(disclosed, 'item')} that somebody looked at and decided to give you`}.`,
      },
    ],
  };
}

const maskedNames: Readonly<Record<string, string>> = {
  bcc: 'Blind copies to others',
  'forwarded-message': 'Messages of others, attached',
  'forwarded-text': 'Messages of others, forwarded in a text',
  'internal-note': 'Internal notes',
};

const missingNames: Readonly<Record<string, string>> = {
  'object-missing': 'the object is not in the store',
  'object-unreadable': 'the store could not be read',
  'no-store': 'no store is configured for its bucket',
  'too-large': 'the message or the value is too large',
  sealed: 'it is encrypted, and only the application can open it',
  'key-destroyed': 'it was encrypted under a key that was destroyed',
  'key-unknown': 'the key that it was encrypted under cannot be found',
  unreadable: 'the table could not be read',
};

function aboutArchive({ exportId }: ExportSummary): Section {
  return {
    title: 'About this archive',
    blocks: [
      {
        kind: 'facts',
        facts: [
          { label: 'Export', value: { text: exportId, style: 'code' } },
          {
            label: 'To check it',
            value:
              'manifest.json has the size and the SHA-256 of every file; manifest.dsse.json, where it is there, signs the manifest',
          },
        ],
      },
    ],
  };
}
