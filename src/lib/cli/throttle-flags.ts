import { Flags } from '@oclif/core';
import type { Bearable } from '../key/walk/bearable.ts';
import { durationFlag } from './duration-flag.ts';
import { sizeFlag } from './size-flag.ts';

/** How much a walk over a column may ask of the servers. */
export const throttleFlags = {
  'max-rows-per-second': Flags.integer({
    summary: 'all workers together',
    min: 1,
    helpValue: 'N',
    helpGroup: 'THROTTLE',
  }),
  'max-replica-lag': Flags.string({
    summary: 'pause while a replica is further behind',
    helpValue: 'DURATION',
    helpGroup: 'THROTTLE',
  }),
  'max-wal-rate': Flags.string({
    summary: 'pause while the server writes more write-ahead log a second than that',
    helpValue: 'SIZE',
    helpGroup: 'THROTTLE',
  }),
  'pause-for-vacuum': Flags.boolean({
    summary: 'pause while the table is vacuumed',
    helpGroup: 'THROTTLE',
  }),
  'max-kms-rps': Flags.integer({
    summary: 'requests to the KMS a second at most; AWS shares one quota among all callers of an account',
    min: 1,
    helpValue: 'N',
    helpGroup: 'THROTTLE',
  }),
};

export interface ThrottleFlags {
  readonly 'max-rows-per-second'?: number | undefined;
  readonly 'max-replica-lag'?: string | undefined;
  readonly 'max-wal-rate'?: string | undefined;
  readonly 'pause-for-vacuum': boolean;
  readonly 'max-kms-rps'?: number | undefined;
}

export interface ThrottleOptions {
  readonly rowsPerSecond: number | null;
  readonly bearable: Bearable;
  readonly kmsRequestsPerSecond: number | null;
}

/** @throws {PosternError} exit 2, `duration-invalid`, `size-invalid` */
export function throttleOptions(flags: ThrottleFlags): ThrottleOptions {
  const rate = flags['max-wal-rate'];
  const lag = durationFlag('max-replica-lag', flags['max-replica-lag']);
  return {
    rowsPerSecond: flags['max-rows-per-second'] ?? null,
    bearable: {
      replicaLagSeconds: lag === undefined ? null : lag / 1000,
      walBytesPerSecond: rate === undefined ? null : Math.max(1, sizeFlag('max-wal-rate', rate)),
      vacuum: flags['pause-for-vacuum'] ? 'pause' : 'ignore',
    },
    kmsRequestsPerSecond: flags['max-kms-rps'] ?? null,
  };
}
