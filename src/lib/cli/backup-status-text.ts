import type { BackupStatusResult, DestinationStatus } from '../backup/status/results.ts';
import { formatByteSize } from '../base/byte-size.ts';
import { formatDuration } from '../base/duration.ts';
import { visible } from './table.ts';

/** The verdict in the first line, then a block of lines for each destination; at most 80 columns where names are short. */
export function statusText({ profile, verdict, destinations, nextExpiry }: BackupStatusResult): string {
  const counted = destinations.filter(({ required }) => required).length;
  const lines = [
    `${profile}: ${verdict}${destinations.length > 1 ? `, by ${counted} of ${destinations.length} destinations` : ''}`,
    ...destinations.flatMap(blockOf),
  ];
  if (nextExpiry !== null)
    lines.push('', `the first recipient's key ends on ${date(nextExpiry.at)} (${nextExpiry.recipient})`);
  return lines.map(visible).join('\n');
}

function blockOf(status: DestinationStatus): readonly string[] {
  const { name, required, verdict, problems, lastFailure, missing, openRuns, keyrings } = status;
  const unknown = status.register === 'unreachable' ? 'unknown' : undefined;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ...problems.map((problem) => [problem.verdict, problem.message] as const),
    ['last set', unknown ?? lastSetText(status)],
    ['locked', lockText(status)],
    ['failed since', lastFailure?.setId],
    ['verified', unknown ?? verifiedText(status)],
    ['drilled', unknown ?? drilledText(status)],
    ['sets', unknown ?? setsText(status)],
    ['missing', missing === null || missing === 0 ? undefined : `${missing}, gone from the store`],
    ...forecastRows(status),
    ['keyrings', keyrings === null ? undefined : String(keyrings)],
    ...(openRuns ?? []).map(({ setId, state }) => ['open run', `${setId}, ${state}`] as const),
    ['store', status.store === 'not asked' ? 'not asked' : undefined],
  ];
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  return [
    '',
    `${name}: ${verdict}${required ? '' : ' (not required)'}`,
    ...shown.map(([label, text]) => `  ${label.padEnd(14)}${text}`),
  ];
}

function lastSetText({ lastSet }: DestinationStatus): string {
  return lastSet === null ? 'none' : `${lastSet.setId}, ${ago(lastSet.ageSeconds)}`;
}

function lockText({ lastSet }: DestinationStatus): string | undefined {
  if (lastSet === null) return undefined;
  const { lockedUntil, objectsLockedUntil: objects } = lastSet;
  const data = lockedUntil === null ? 'no' : `until ${date(lockedUntil)}`;
  return objects === null || objects === lockedUntil ? data : `${data}; mail objects until ${date(objects)}`;
}

function drilledText({ drilled }: DestinationStatus): string {
  return drilled === null
    ? 'never'
    : `${ago(drilled.ageSeconds)}, restored in ${duration(drilled.rtoSeconds)}`;
}

function verifiedText({ verified, listed }: DestinationStatus): string {
  const contents = verified === null ? 'never' : `${ago(verified.ageSeconds)}, ${verified.level}`;
  return listed === null ? contents : `${contents}; names and sizes ${ago(listed.ageSeconds)}`;
}

function setsText({ sets, bytes, growthBytesPerWeek: growth }: DestinationStatus): string {
  const size = `${sets}, ${formatByteSize(bytes ?? 0)}`;
  if (growth === null) return size;
  const step = `${formatByteSize(Math.abs(growth))} a week`;
  return growth === 0
    ? `${size}; no growth`
    : `${size}; a set ${growth > 0 ? 'grows' : 'shrinks'} by ${step}`;
}

/** One line for today's cost, and one for each day that is looked ahead to. */
function forecastRows({ forecast, cost }: DestinationStatus): readonly (readonly [string, string])[] {
  const money = (amount: number | null | undefined): string =>
    cost === null ? '' : `, ${amount?.toFixed(2)} ${cost.currency} a month`;
  return [
    ...(cost === null ? [] : [['cost', `${cost.amount.toFixed(2)} ${cost.currency} a month`] as const]),
    ...forecast.map(
      ({ days, sets, bytes, cost: later }) =>
        [`in ${days} d`, `${sets}, ${formatByteSize(bytes)}${money(later)}`] as const,
    ),
  ];
}

function ago(seconds: number): string {
  return `${duration(seconds)} ago`;
}

function duration(seconds: number): string {
  return formatDuration(Math.round(seconds) * 1000);
}

function date(time: string): string {
  return time.slice(0, 10);
}
