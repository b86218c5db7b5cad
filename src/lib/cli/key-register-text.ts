import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import { formatDuration } from '../base/duration.ts';
import type { KeyListResult, KeyRow, KeyShowResult, KeyStatusResult } from '../key/register/results.ts';
import type { Column, TableFormat } from './table.ts';

/** A table has room for what tells a key from others; files have its whole id. */
export function registerColumns(output: TableFormat): readonly Column<KeyRow>[] {
  const id = { header: 'id', value: output === 'table' ? shortId : (key: KeyRow) => key.id };
  const [kind, name, ...others] = columns;
  return [kind, name, id, ...others];
}

/** What the commands take besides the whole id; undefined where the name is enough. */
function shortId({ id, kind, name }: KeyRow): string | undefined {
  const own = id.slice(id.indexOf(':') + 1);
  if (own === name || !withShortIds.includes(kind)) return undefined;
  const last = own.split(/[/:]/).at(-1) ?? own;
  return /^[0-9a-f]{40,64}$/i.test(last) ? last.slice(-16) : last;
}

const withShortIds: readonly KeyRow['kind'][] = [
  'kek',
  'openpgp-recipient',
  'openpgp-signer',
  'certificate-signer',
];

type Columns = readonly [Column<KeyRow>, Column<KeyRow>, ...Column<KeyRow>[]];

const columns: Columns = [
  { header: 'kind', value: ({ kind }) => kind },
  { header: 'name', value: ({ name }) => name },
  { header: 'state', value: ({ state }) => state },
  { header: 'version', value: ({ version }) => version ?? undefined },
  { header: 'keys', value: ({ keys }) => keys, align: 'right' },
  { header: 'age d', value: ({ ageSeconds }) => days(ageSeconds), align: 'right' },
  { header: 'ends', value: ({ ends }) => ends?.slice(0, 10) },
  { header: 'values', value: ({ values }) => values ?? undefined, align: 'right' },
  { header: 'verdict', value: ({ verdict }) => verdict },
  { header: 'next', value: ({ next }) => nextText(next) },
];

export const versionColumns: readonly Column<KeyShowResult['versions'][number]>[] = [
  { header: 'key id', value: ({ id }) => id },
  { header: 'version', value: ({ version }) => version, align: 'right' },
  { header: 'state', value: ({ state }) => state },
  { header: 'wrapped by', value: ({ kek }) => kek },
  { header: 'created', value: ({ created }) => created ?? undefined },
];

/** What the table has no room for: findings, and where the counts are from. */
export function registerNotes({ keys, census }: Pick<KeyListResult, 'keys' | 'census'>): readonly string[] {
  return [
    ...keys.flatMap(({ kind, name, state, findings }) =>
      findings.map(({ message }) => `${kind} ${name} (${state}): ${message}`),
    ),
    ...(census === null ? [] : [`values are from the census of ${census.takenAt}`]),
    ...(census === null || census.findings === 0
      ? []
      : [`that census has ${census.findings} findings: see \`postern key census\``]),
  ];
}

/** Everything that is known of a key, a line each. */
export function keyLines(key: KeyRow): readonly string[] {
  const rows: readonly (readonly [string, string | null])[] = [
    ['id', key.id],
    ['state', key.state],
    ['version', key.version],
    ['keys', key.keys === 1 ? null : key.keys.toLocaleString('en')],
    ['created', key.created],
    ['in use since', key.activated === key.created ? null : key.activated],
    ['age', key.ageSeconds === null ? null : formatDuration(key.ageSeconds * 1000)],
    [
      'cryptoperiod',
      key.cryptoperiodSeconds === null ? null : formatDuration(key.cryptoperiodSeconds * 1000),
    ],
    ['ends', key.ends],
    ['past its end', key.keysOverdue === 0 ? null : key.keysOverdue.toLocaleString('en')],
    [
      'values',
      key.values === null ? null : `${key.values.toLocaleString('en')}, ${formatByteSize(key.bytes ?? 0)}`,
    ],
    ['encryptions', key.encryptionsLeft === null ? null : `${key.encryptionsLeft.toLocaleString('en')} left`],
    ...key.usedFor.map((use) => ['use', use] as const),
    ...key.needed.map(({ why, setId, until }) => ['needed', needText(why, setId, until)] as const),
    ['next', nextText(key.next) ?? null],
    ['verdict', key.verdict],
    ...key.findings.map(({ verdict, message }) => [verdict, message] as const),
  ];
  return [
    `${key.kind} ${key.name}`,
    ...rows.flatMap(([label, text]) => (text === null ? [] : [`  ${label.padEnd(14)}${text}`])),
  ];
}

function needText(why: string, setId: string | null, until: string | null): string {
  const last = setId === null ? '' : `; the newest is ${setId}`;
  return `${why}${last}${until === null ? '' : `; locked until ${until.slice(0, 10)}`}`;
}

function nextText(next: KeyRow['next']): string | undefined {
  if (next === null) return undefined;
  return next.from === null ? next.action : `${next.action}, ${next.from.slice(0, 10)}`;
}

const days = (seconds: number | null): number | undefined =>
  seconds === null ? undefined : Math.floor(seconds / 86_400);

/** `production: overdue, 2 overdue, 1 due of 14 keys`, `production: fine, all of 14 keys` */
export function statusLine({
  profile,
  verdict,
  keys,
}: Pick<KeyStatusResult, 'profile' | 'verdict' | 'keys'>): string {
  const told = (['overdue', 'due', 'unknown'] as const).flatMap((wanted) => {
    const count = keys.filter((key) => key.verdict === wanted).length;
    return count === 0 ? [] : [`${count} ${wanted}`];
  });
  const all = counted(keys.length, 'key');
  return `${profile}: ${verdict}, ${told.length === 0 ? 'all' : told.join(', ')} of ${all}`;
}
