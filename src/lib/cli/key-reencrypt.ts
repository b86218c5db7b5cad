import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import type { ReencryptOptions } from '../key/reencrypt/index.ts';
import type { PlannedReencrypt } from '../key/reencrypt/plan-reencrypt.ts';
import type { KeyReencryptResult } from '../key/reencrypt/results.ts';
import { canonicalName } from '../platform/map/index.ts';
import { durationFlag } from './duration-flag.ts';
import { type ThrottleFlags, throttleOptions } from './throttle-flags.ts';

export interface ReencryptFlags extends ThrottleFlags {
  readonly 'active-keys': boolean;
  readonly kek?: string | undefined;
  readonly workers: number;
  readonly 'batch-size': number;
  readonly 'writer-cache': string;
}

/** @throws {PosternError} exit 2, `duration-invalid` */
export function reencryptOptions(keyring: string | undefined, flags: ReencryptFlags): ReencryptOptions {
  return {
    keyring: keyring === undefined ? undefined : canonicalName(keyring),
    keys: flags['active-keys'] ? 'active' : 'new',
    kek: flags.kek ?? null,
    batchSize: flags['batch-size'],
    workers: flags.workers,
    ...throttleOptions(flags),
    writerCacheSeconds: cacheSeconds(flags['writer-cache']),
  };
}

/** A duration, or 0 for applications that keep no data key. */
function cacheSeconds(given: string): number {
  return given === '0' ? 0 : Math.ceil((durationFlag('writer-cache', given) ?? 0) / 1000);
}

/** What it will take, for whoever is asked whether to go on. */
export function forecastLines({ plan, forecast, keyring }: PlannedReencrypt): readonly string[] {
  if (plan === undefined) return [`every value under ${keyring} is under an active key`];
  const { values, newKeys, kmsCalls, usd, walBytes, seconds } = forecast;
  return [
    `${counted(values, 'value')}, ${counted(newKeys, 'new data key')}; ${counted(kmsCalls, 'KMS request')} ($${usd.toFixed(2)} on AWS), about ${formatByteSize(walBytes)} of write-ahead log, ${counted(Math.ceil(seconds / 60), 'minute')}`,
  ];
}

export function outcomeLines({
  outcome,
  planId,
  certificateId,
  actual,
}: KeyReencryptResult): readonly string[] {
  if (actual !== null) {
    const { values, newKeys, drained, shredded, kmsCalls, walBytes, seconds } = actual;
    return [
      `${counted(values, 'value')} encrypted again, ${counted(newKeys, 'new data key')}, ${counted(drained, 'old key')} drained`,
      ...(shredded === 0
        ? []
        : [`${counted(shredded, 'shredded value')} left as ${shredded === 1 ? 'it is' : 'they are'}`]),
      `${counted(kmsCalls, 'KMS request')}, ${formatByteSize(walBytes)} of write-ahead log, ${seconds.toFixed(1)} s`,
      ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
    ];
  }
  if (outcome === 'nothing to do' || outcome === 'not stored') return [outcome];
  return [`${outcome}: plan ${planId}`];
}
