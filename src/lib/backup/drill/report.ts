import { counted } from '../../base/counted.ts';
import { formatDuration } from '../../base/duration.ts';
import { barChart } from '../../report/html/bar-chart.ts';
import type { Report, Section, Tile } from '../../report/html/report.ts';
import { tableOf } from '../../report/html/table.ts';
import { timeline } from '../../report/html/timeline.ts';
import type { BackupDrillResult, DrilledSource, SmokeResult } from './results.ts';

/** What a drill has found, for people who were not there. */
export function drillReport(
  drill: BackupDrillResult,
  about: { readonly profile: string; readonly madeAt: Date; readonly tool: string },
): Report {
  const { setId, findings, rtoSeconds, rtoLimitSeconds, rpoSeconds, sources } = drill;
  const rows = sources.reduce((sum, source) => sum + source.rows, 0);
  const tables = sources.reduce((sum, source) => sum + source.tables.length, 0);
  const isOver = rtoLimitSeconds !== null && rtoSeconds > rtoLimitSeconds;
  return {
    title: 'Restore drill',
    subtitle: `${about.profile}, set ${setId}`,
    verdict: {
      tone: findings.length === 0 ? 'good' : 'bad',
      headline:
        findings.length === 0
          ? 'The backup was restored, and everything is as it was backed up.'
          : `The backup was restored, with ${counted(findings.length, 'finding')}.`,
      text:
        findings.length === 0
          ? `${counted(rows, 'row')} of ${counted(tables, 'table')} were read back and compared with the signed manifest.`
          : findings.join('; '),
    },
    tiles: [
      {
        label: 'Time to open (RTO)',
        value: formatDuration(rtoSeconds * 1000),
        ...(rtoLimitSeconds === null ? {} : { note: `allowed: ${formatDuration(rtoLimitSeconds * 1000)}` }),
        tone: isOver ? 'bad' : rtoLimitSeconds === null ? 'neutral' : 'good',
      },
      { label: 'Age of the data (RPO)', value: formatDuration(rpoSeconds * 1000) },
      { label: 'Rows compared', value: rows.toLocaleString('en'), tone: 'good' },
      smokeTile(drill.smoke),
    ],
    sections: [what(drill), phases(drill), smoke(drill.smoke), ...sources.map(oneSource), erasures(sources)],
    madeAt: about.madeAt,
    madeBy: about.tool,
  };
}

function what(drill: BackupDrillResult): Section {
  const code = (text: string) => ({ text, style: 'code' as const });
  return {
    title: 'What was restored',
    blocks: [
      {
        kind: 'facts',
        facts: [
          { label: 'Set', value: code(drill.setId) },
          { label: 'From', value: code(`${drill.destination}: ${drill.location}`) },
          { label: 'SHA-256 of its manifest', value: code(drill.manifestSha256) },
          { label: 'Began', value: drill.startedAt },
          { label: 'Server', value: `${drill.server.kind}, PostgreSQL ${drill.server.version}` },
          {
            label: 'Certificate',
            value:
              drill.certificateId === null ? { text: 'none', tone: 'warning' } : code(drill.certificateId),
          },
        ],
      },
    ],
  };
}

function phases({ phases: all, sources }: BackupDrillResult): Section {
  const longest = all.toSorted((a, b) => b.seconds - a.seconds).slice(0, 8);
  const nameOf = ({ name, source }: (typeof all)[number]): string =>
    source === null || sources.length === 1 ? name : `${source}: ${name}`;
  return {
    title: 'How long it took',
    blocks: [
      {
        kind: 'figure',
        figure: timeline({
          title: 'Phases of the drill',
          phases: all.map((phase) => ({
            name: nameOf(phase),
            start: phase.startSeconds * 1000,
            duration: phase.seconds * 1000,
          })),
        }),
      },
      {
        kind: 'figure',
        figure: barChart({
          title: 'The longest phases',
          bars: longest.map((phase) => ({ label: nameOf(phase), value: phase.seconds * 1000 })),
          format: formatDuration,
        }),
      },
    ],
  };
}

/** Where none is configured, nothing has passed. */
function smokeTile(queries: readonly SmokeResult[]): Tile {
  const label = 'Smoke queries';
  if (queries.length === 0) return { label, value: 'none', note: 'none is configured' };
  const passed = queries.filter((query) => query.passed).length;
  return {
    label,
    value: `${passed} of ${queries.length}`,
    tone: passed === queries.length ? 'good' : 'bad',
  };
}

function smoke(results: readonly SmokeResult[]): Section {
  return {
    title: 'Smoke queries',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          results,
          [
            { header: 'Query', cell: ({ name }) => name },
            { header: 'Database', cell: ({ source }) => source },
            {
              header: 'Outcome',
              cell: ({ passed, reason }) =>
                passed ? { text: 'passed', tone: 'good' } : { text: reason ?? 'did not pass', tone: 'bad' },
            },
            { header: 'Took', cell: ({ seconds }) => formatDuration(seconds * 1000), align: 'right' },
          ],
          'None is configured under backup.drill.smoke.',
        ),
      },
    ],
  };
}

function oneSource({
  name,
  tables,
  schema,
  schemaReason,
  largeObjects,
  keyring,
  wrappedKeys,
}: DrilledSource): Section {
  return {
    title: `Tables of ${name}`,
    blocks: [
      {
        kind: 'facts',
        facts: [
          {
            label: 'Schema',
            value: schema === 'equal' ? { text: 'equal', tone: 'good' } : `not compared: ${schemaReason}`,
          },
          { label: 'Large objects', value: String(largeObjects) },
          {
            label: 'Wrapped keys',
            value: {
              text: `${keyring.rows} loaded, ${keyring.missing} missing${wrappedKeys === null ? '' : `, ${wrappedKeys} compared`}`,
              ...(keyring.lost.length === 0 ? {} : { tone: 'bad' as const }),
            },
          },
        ],
      },
      {
        kind: 'table',
        table: tableOf(
          tables,
          [
            {
              header: 'Table',
              cell: ({ table }) => ({ text: table, style: 'code' }),
              order: [({ table }) => table, 'ascending'],
            },
            { header: 'Rows', cell: ({ rows }) => rows.toLocaleString('en'), align: 'right' },
            {
              header: 'Checksum, as in the manifest',
              cell: ({ checksum }) => ({ text: checksum, style: 'code' }),
            },
          ],
          'The database has no tables.',
        ),
      },
    ],
  };
}

function erasures(sources: readonly DrilledSource[]): Section {
  return {
    title: 'Erasures',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          sources,
          [
            { header: 'Database', cell: ({ name }) => name },
            { header: 'State', cell: ({ erasures: { state } }) => state },
            { header: 'Entries', cell: ({ erasures: { entries } }) => String(entries), align: 'right' },
            { header: 'Rows changed', cell: ({ erasures: { rows } }) => String(rows), align: 'right' },
            {
              header: 'Not in the data map, where nobody was looked for',
              cell: ({ erasures: { unmapped } }) => ({ text: unmapped.join(', ') || 'none', style: 'code' }),
            },
          ],
          'Nothing was restored.',
        ),
      },
    ],
  };
}

/** A drill that could not end well, for the same people. */
export function failedDrillReport(
  failure: { readonly setId: string; readonly destination: string; readonly reason: string },
  about: { readonly profile: string; readonly madeAt: Date; readonly tool: string },
): Report {
  return {
    title: 'Restore drill',
    subtitle: `${about.profile}, set ${failure.setId}`,
    verdict: { tone: 'bad', headline: 'The backup could not be restored.', text: failure.reason },
    sections: [
      {
        title: 'What was tried',
        blocks: [
          {
            kind: 'facts',
            facts: [
              { label: 'Set', value: { text: failure.setId, style: 'code' } },
              { label: 'From', value: failure.destination },
            ],
          },
        ],
      },
    ],
    madeAt: about.madeAt,
    madeBy: about.tool,
  };
}
