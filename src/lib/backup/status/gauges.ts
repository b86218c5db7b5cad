import type { Gauge } from '../../report/prometheus/job-run.ts';
import type { BackupStatusResult, DestinationStatus } from './results.ts';

/** What monitoring reads; what is not known is left out rather than 0. */
export function statusGauges({ destinations, nextExpiry }: BackupStatusResult): readonly Gauge[] {
  const expiry: Gauge[] =
    nextExpiry === null
      ? []
      : [
          {
            name: 'postern_backup_recipient_expiry_timestamp_seconds',
            help: "When the first of the recipients' keys ends, in Unix time.",
            value: Date.parse(nextExpiry.at) / 1000,
          },
        ];
  return [...expiry, ...destinations.flatMap(gaugesOf)];
}

const verdictNumber = { fresh: 0, stale: 3, unknown: 4 } as const;

function gaugesOf(status: DestinationStatus): readonly Gauge[] {
  const found: Gauge[] = [];
  const add = (
    name: Gauge['name'],
    help: string,
    value: number | null | undefined,
    labels: Readonly<Record<string, string>> = {},
  ): void => {
    if (value !== null && value !== undefined)
      found.push({ name, help, value, labels: { destination: status.name, ...labels } });
  };
  const { lastSet, verified, drilled, cost } = status;
  add('postern_backup_verdict', '0 fresh, 3 stale, 4 unknown.', verdictNumber[status.verdict]);
  add('postern_backup_age_seconds', 'Since the newest good set was begun.', lastSet?.ageSeconds);
  add(
    'postern_backup_last_timestamp_seconds',
    'When the newest good set was begun, in Unix time.',
    seconds(lastSet?.startedAt),
  );
  add(
    'postern_backup_locked_until_timestamp_seconds',
    'Until when the store keeps all data of the newest good set, in Unix time.',
    seconds(lastSet?.lockedUntil),
  );
  add(
    'postern_backup_verify_age_seconds',
    'Since the contents of the newest verified set passed.',
    verified?.ageSeconds,
  );
  add('postern_backup_drill_age_seconds', 'Since a drill last passed.', drilled?.ageSeconds);
  add('postern_backup_rto_seconds', 'How long the restore of the last drill took.', drilled?.rtoSeconds);
  add('postern_backup_sets', 'Complete sets.', status.sets);
  add('postern_backup_bytes', 'Bytes of the complete sets.', status.bytes);
  for (const { days, bytes } of status.forecast)
    add('postern_backup_forecast_bytes', 'Bytes to be expected.', bytes, { days: String(days) });
  add('postern_backup_cost_per_month', 'What the complete sets cost a month.', cost?.amount, {
    currency: cost?.currency ?? '',
  });
  return found;
}

function seconds(time: string | null | undefined): number | undefined {
  return time === null || time === undefined ? undefined : Date.parse(time) / 1000;
}
