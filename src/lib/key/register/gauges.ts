import type { Gauge } from '../../report/prometheus/job-run.ts';
import type { KeyRow, KeyStatusResult, KeyVerdict } from './results.ts';

const number: Readonly<Record<KeyVerdict, number>> = { fine: 0, due: 1, overdue: 3, unknown: 4 };

/** What monitoring reads; what is not known is left out rather than 0. */
export function registerGauges({ verdict, keys, unasked }: KeyStatusResult): readonly Gauge[] {
  return [
    {
      name: 'postern_key_verdict',
      help: 'Of all keys: 0 fine, 1 due, 3 overdue, 4 unknown.',
      value: number[verdict],
    },
    {
      name: 'postern_key_sources_unasked',
      help: 'Sources of keys that could not be asked.',
      value: unasked.length,
    },
    ...keys.flatMap(gaugesOf),
  ];
}

function gaugesOf({ id, kind, verdict, ageSeconds, ends, values }: KeyRow): readonly Gauge[] {
  const labels = { kind, key: id };
  const found: Gauge[] = [
    {
      name: 'postern_key_state',
      help: 'Of one key: 0 fine, 1 due, 3 overdue, 4 unknown.',
      value: number[verdict],
      labels,
    },
  ];
  if (ageSeconds !== null)
    found.push({
      name: 'postern_key_age_seconds',
      help: 'Since the key was last rotated.',
      value: ageSeconds,
      labels,
    });
  if (ends !== null)
    found.push({
      name: 'postern_key_end_timestamp_seconds',
      help: 'When its cryptoperiod or the key itself ends, in Unix time.',
      value: Date.parse(ends) / 1000,
      labels,
    });
  if (values !== null)
    found.push({
      name: 'postern_key_values',
      help: 'Encrypted values under it, by the last census.',
      value: values,
      labels,
    });
  return found;
}
