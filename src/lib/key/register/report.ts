import { counted } from '../../base/counted.ts';
import { formatDuration } from '../../base/duration.ts';
import { calendar, type Span } from '../../report/html/calendar.ts';
import type { Report, Section, Tile, Tone } from '../../report/html/report.ts';
import { tableOf } from '../../report/html/table.ts';
import type { KeyRow, KeyStatusResult, KeyVerdict } from './results.ts';

/** The calendar of all keys, for people who plan. */
export function registerReport(status: Omit<KeyStatusResult, 'report'>, tool: string): Report {
  const { profile, keys, at, unasked } = status;
  const bySoonest = keys.toSorted(
    (a, b) => order(a) - order(b) || (a.ends ?? '9').localeCompare(b.ends ?? '9') || a.id.localeCompare(b.id),
  );
  return {
    title: 'Calendar of keys',
    subtitle: profile,
    verdict: verdictOf(status),
    tiles: tiles(status),
    sections: [
      {
        title: 'From their making to their end',
        blocks: [
          {
            kind: 'text',
            text: 'A bar begins when the key was last rotated and ends with its cryptoperiod, or with the key itself. Where a key is used beyond that, the time since is hatched. ✓ is fine, ! due, ✗ overdue, ? unknown.',
          },
          {
            kind: 'figure',
            figure: calendar({
              title: 'Keys by their end, the first on top',
              spans: bySoonest.flatMap((key) => spanOf(key, new Date(at))),
              now: new Date(at),
            }),
          },
        ],
      },
      ...toMend(bySoonest),
      allKeys(bySoonest),
      ...needs(bySoonest),
      ...notAsked(unasked),
    ],
    madeAt: new Date(at),
    madeBy: tool,
  };
}

const tone: Readonly<Record<KeyVerdict, Tone>> = {
  fine: 'good',
  due: 'warning',
  overdue: 'bad',
  unknown: 'neutral',
};

const order = ({ verdict }: KeyRow): number => ['overdue', 'unknown', 'due', 'fine'].indexOf(verdict);

const date = (time: string): string => time.slice(0, 10);

function verdictOf({
  verdict,
  keys,
  unasked,
  withinSeconds,
}: Omit<KeyStatusResult, 'report'>): Report['verdict'] {
  const count = (wanted: KeyVerdict): string =>
    counted(keys.filter((key) => key.verdict === wanted).length, 'key');
  const headline = {
    fine: 'Every key is within its cryptoperiod.',
    due: `${count('due')} will be due within ${formatDuration(withinSeconds * 1000)}.`,
    overdue: `${count('overdue')} overdue.`,
    unknown: 'Not every key could be judged.',
  }[verdict];
  return {
    tone: tone[verdict],
    headline,
    text: `${counted(keys.length, 'row')} in the register${unasked.length === 0 ? '' : `; ${counted(unasked.length, 'source')} could not be asked`}.`,
  };
}

function tiles({ keys, at }: Omit<KeyStatusResult, 'report'>): readonly Tile[] {
  const count = (wanted: KeyVerdict): number => keys.filter(({ verdict }) => verdict === wanted).length;
  const next = keys
    .flatMap(({ ends, name }) => (ends !== null && ends > at ? [{ ends, name }] : []))
    .toSorted((a, b) => a.ends.localeCompare(b.ends))[0];
  const figure = (label: string, value: number, when: Tone): Tile => ({
    label,
    value: value.toLocaleString('en'),
    tone: value === 0 ? 'good' : when,
  });
  return [
    figure('Overdue', count('overdue'), 'bad'),
    figure('Due soon', count('due'), 'warning'),
    figure('Unknown', count('unknown'), 'warning'),
    ...(next === undefined ? [] : [{ label: 'The next to end', value: date(next.ends), note: next.name }]),
  ];
}

function spanOf(key: KeyRow, now: Date): readonly Span[] {
  if (key.activated === null) return [];
  const from = new Date(key.activated);
  const common = { name: shortLabel(labelOf(key)), from, tone: tone[key.verdict] };
  if (key.ends === null) return [{ ...common, to: now, note: `${sign[key.verdict]} ${key.state}`.trim() }];
  const to = new Date(key.ends);
  const isOver = to <= now;
  const note = `${sign[key.verdict]} ${isOver ? 'ended' : 'until'} ${date(key.ends)}`;
  return [{ ...common, to, note, overrun: isOver }];
}

/** Beside the colours. */
const sign: Readonly<Record<KeyVerdict, string>> = { fine: '✓', due: '!', overdue: '✗', unknown: '?' };

/** More would meet the note on a narrow page; the table has all of it. */
const longest = 24;

/** Cut in the middle: names begin alike, and end with what tells them apart. */
function shortLabel(label: string): string {
  if (label.length <= longest) return label;
  return `${label.slice(0, longest / 2).toWellFormed()}…${label.slice(1 - longest / 2).toWellFormed()}`;
}

const labelOf = ({ kind, name, state }: KeyRow): string => {
  if (kind === 'dek') return `${name} (${state})`;
  // Of a user id, the name; the address is that of all keys here.
  return kind.startsWith('openpgp') ? name.replace(/ <[^<>]*>$/, '') : name;
};

function toMend(keys: readonly KeyRow[]): readonly Section[] {
  const rows = keys.flatMap((key) => key.findings.map((finding) => ({ key, finding })));
  if (rows.length === 0) return [];
  return [
    {
      title: 'What is to be mended',
      blocks: [
        {
          kind: 'table',
          table: tableOf(
            rows,
            [
              { header: 'Key', cell: ({ key }) => labelOf(key) },
              { header: 'Kind', cell: ({ key }) => key.kind },
              {
                header: 'Verdict',
                cell: ({ finding }) => ({ text: finding.verdict, tone: tone[finding.verdict] }),
              },
              { header: 'Why', cell: ({ finding }) => finding.message },
              { header: 'Next', cell: ({ key }) => nextOf(key) },
            ],
            '',
          ),
        },
      ],
    },
  ];
}

function allKeys(keys: readonly KeyRow[]): Section {
  return {
    title: 'All keys',
    blocks: [
      {
        kind: 'table',
        table: tableOf(
          keys,
          [
            { header: 'Key', cell: labelOf },
            { header: 'Kind', cell: ({ kind }) => kind },
            { header: 'Age', cell: ageOf, align: 'right' },
            { header: 'Ends', cell: ({ ends }) => (ends === null ? '–' : date(ends)), align: 'right' },
            { header: 'Values', cell: ({ values }) => values?.toLocaleString('en') ?? '–', align: 'right' },
            { header: 'Verdict', cell: ({ verdict }) => ({ text: verdict, tone: tone[verdict] }) },
            { header: 'Next', cell: nextOf },
          ],
          'The profile names no key.',
        ),
      },
    ],
  };
}

function notAsked(unasked: KeyStatusResult['unasked']): readonly Section[] {
  if (unasked.length === 0) return [];
  const facts = unasked.map(({ source, reason }) => ({
    label: source,
    value: { text: reason, tone: 'bad' as const },
  }));
  return [{ title: 'What could not be asked', blocks: [{ kind: 'facts', facts }] }];
}

const ageOf = ({ ageSeconds }: KeyRow): string =>
  ageSeconds === null ? '–' : `${Math.floor(ageSeconds / 86_400).toLocaleString('en')} d`;

/** Its date only where it is not the end, which stands beside it. */
const nextOf = ({ next, ends }: KeyRow): string =>
  next === null
    ? '–'
    : next.from === null || next.from === ends
      ? next.action
      : `${next.action}, ${date(next.from)}`;

/** What is needed beyond today: by backup sets. */
function needs(keys: readonly KeyRow[]): readonly Section[] {
  const rows = keys.flatMap((key) =>
    key.needed.filter(({ setId }) => setId !== null).map((need) => ({ key, need })),
  );
  if (rows.length === 0) return [];
  return [
    {
      title: 'What backups need',
      blocks: [
        {
          kind: 'table',
          table: tableOf(
            rows,
            [
              { header: 'Key', cell: ({ key }) => labelOf(key) },
              { header: 'Needed', cell: ({ need }) => need.why },
              { header: 'Newest set', cell: ({ need }) => ({ text: need.setId ?? '', style: 'code' }) },
              {
                header: 'Locked until',
                cell: ({ need }) => (need.until === null ? 'not locked' : date(need.until)),
                align: 'right',
              },
            ],
            '',
          ),
        },
      ],
    },
  ];
}
