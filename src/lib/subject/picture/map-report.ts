import { counted } from '../../base/counted.ts';
import {
  type DataMap,
  type MapModel,
  type ModelTable,
  mapModel,
  ownerReferences,
} from '../../platform/map/index.ts';
import { type GraphEdge, type GraphNode, graph } from '../../report/html/graph.ts';
import type { Report, Section, Tone } from '../../report/html/report.ts';
import { tableOf } from '../../report/html/table.ts';
import type { MapTableSummary } from './results.ts';
import { summaryOf } from './summary.ts';

/** The data map as a page that stands for itself: a picture of the tables, and all that is said of each. */
export function mapReport(
  map: DataMap,
  { file, tool, at }: { readonly file: string; readonly tool: string; readonly at: Date },
): Report {
  const tables = summaryOf(map);
  const personal = tables.filter(({ isPersonal }) => isPersonal);
  const todo = tables.reduce((sum, table) => sum + table.todo, 0);
  return {
    title: 'Data map',
    subtitle: file,
    verdict: {
      tone: todo === 0 ? 'good' : 'warning',
      headline: `${counted(personal.length, 'table')} with personal data.`,
      text:
        todo === 0
          ? 'Nothing is left to be decided. `map lint` compares the map with the database.'
          : `${todo.toLocaleString('en')} left to be decided (TODO).`,
    },
    tiles: [
      { label: 'Tables', value: String(tables.length), note: `${(map.ignore ?? []).length} ignored` },
      { label: 'Kinds of persons', value: String(Object.keys(map.subjects).length) },
      { label: 'Fields of persons', value: String(tables.reduce((sum, table) => sum + table.fields, 0)) },
      { label: 'Encrypted', value: String(tables.reduce((sum, table) => sum + table.encrypted, 0)) },
    ],
    sections: [picture(map), everyTable(tables), ignored(map)],
    madeAt: at,
    madeBy: tool,
  };
}

const tones: Readonly<Record<string, Tone>> = {
  exclusive: 'neutral',
  shared: 'good',
  'third-party': 'warning',
  TODO: 'bad',
};

function picture(map: DataMap): Section {
  const model = mapModel(map);
  const tables = [...model.tables.values()];
  return {
    title: 'Whose rows are whose',
    blocks: [
      {
        kind: 'text',
        text: 'A line leads from a table to what its rows belong to; a dashed one to what they only refer to. Blue: a row belongs to one person; green: to several; brown: to somebody else, and mentions them; red: not decided.',
      },
      {
        kind: 'figure',
        figure: graph({
          title: 'Tables with personal data, and those that lead to them',
          description: `${counted(tables.length, 'table')}; what each says of itself stands in the table below.`,
          nodes: tables.map(nodeOf),
          edges: tables.flatMap((table) => edgesOf(model, table)),
        }),
      },
    ],
  };
}

function nodeOf(table: ModelTable): GraphNode {
  const categories = new Set(
    table.fields.flatMap(([, field]) =>
      [field, ...Object.values(field.paths ?? {})].flatMap(({ category }) => category ?? []),
    ),
  );
  const shown = [...categories]
    .filter((category) => category !== 'user')
    .map((category) => category.replace(/^user\./, ''));
  const more = shown.length > 3 ? [`and ${shown.length - 2} more`] : [];
  return {
    id: table.name,
    label: table.name,
    notes: [...shown.slice(0, more.length > 0 ? 2 : 3), ...more],
    tone: tones[table.entry.ownership] ?? 'neutral',
  };
}

function edgesOf({ tables }: MapModel, table: ModelTable): readonly GraphEdge[] {
  const owners = ownerReferences(table);
  const seen = new Set<string>();
  return table.references.flatMap((reference): readonly GraphEdge[] => {
    const { toTable } = reference;
    const isOwner = owners.includes(reference) && table.entry.ownership !== 'third-party';
    const key = `${toTable} ${isOwner}`;
    if (!tables.has(toTable) || toTable === table.name || seen.has(key)) return [];
    seen.add(key);
    return [{ from: table.name, to: toTable, kind: isOwner ? 'strong' : 'weak' }];
  });
}

function everyTable(tables: readonly MapTableSummary[]): Section {
  return {
    title: 'Every table',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          tables,
          [
            {
              header: 'Table',
              cell: ({ table }) => table,
              order: [({ table }) => table, 'ascending'],
            },
            { header: 'Rows belong to', cell: ({ ownership }) => ownership },
            { header: 'Categories', cell: ({ categories }) => categories.join(', ') },
            { header: 'Erased by', cell: ({ erase }) => erase },
            {
              header: 'Kept',
              cell: ({ keep, law }) => [keep, law].filter((part) => part !== null).join('; '),
            },
            { header: 'Legal basis', cell: ({ legalBasis }) => legalBasis ?? '' },
          ],
          'the map has no table',
        ),
      },
    ],
  };
}

function ignored({ ignore = [] }: DataMap): Section {
  const rows = ignore.map((entry) => ({
    what:
      'table' in entry
        ? entry.table
        : 'schema' in entry
          ? `${entry.schema}.*`
          : `${entry.bucket}/${entry.prefix ?? ''}`,
    reason: entry.reason,
  }));
  return {
    title: 'What holds no personal data',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          rows,
          [
            {
              header: 'What',
              cell: ({ what }) => what,
              order: [({ what }) => what, 'ascending'],
            },
            { header: 'Why', cell: ({ reason }) => reason },
          ],
          'nothing is ignored',
        ),
      },
    ],
  };
}
