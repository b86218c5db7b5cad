import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import type { HmacOptions, PlannedHmac } from '../key/hmac/index.ts';
import type { KeyRotateHmacResult } from '../key/hmac/results.ts';
import { canonicalName } from '../platform/map/index.ts';
import { durationFlag } from './duration-flag.ts';
import { type ThrottleFlags, throttleOptions } from './throttle-flags.ts';

interface HmacFlags extends ThrottleFlags {
  readonly 'active-key': boolean;
  readonly finish: boolean;
  readonly window: string;
  readonly kek?: string | undefined;
  readonly workers: number;
  readonly 'batch-size': number;
  readonly 'writer-cache': string;
}

/** @throws {PosternError} exit 2, `duration-invalid` */
export function hmacOptions(keyring: string | undefined, flags: HmacFlags): HmacOptions {
  return {
    keyring: keyring === undefined ? undefined : canonicalName(keyring),
    mode: flags.finish ? 'finish' : flags['active-key'] ? 'active' : 'new',
    kek: flags.kek ?? null,
    windowSeconds: flags.finish ? secondsOf('window', flags.window) : null,
    writerCacheSeconds: secondsOf('writer-cache', flags['writer-cache']),
    batchSize: flags['batch-size'],
    workers: flags.workers,
    ...throttleOptions(flags),
  };
}

/** A duration, or 0. */
function secondsOf(flag: string, given: string): number {
  return given === '0' ? 0 : Math.ceil((durationFlag(flag, given) ?? 0) / 1000);
}

const hashesIn = (count: number): string =>
  `${count.toLocaleString('en')} ${count === 1 ? 'hash' : 'hashes'}`;

/** What it will take, for whoever is asked whether to go on. */
export function hmacForecastLines({ plan, inputs }: PlannedHmac): readonly string[] {
  const { mode, keyring, hashes, active, next, forecast } = inputs;
  const columns = hashes.map(({ table, column }) => `${table}.${column}`).join(', ');
  if (plan === undefined)
    return [`nothing stands in ${columns}, and no version of ${keyring} is to be drained`];
  const { values, compared, kmsCalls, usd, walBytes, seconds } = forecast;
  const what = {
    new: `version ${next?.version} of ${keyring} ${active === null ? 'is the first' : `takes over from version ${active.version}`}: ${hashesIn(values)} into ${columns}`,
    active: `version ${active?.version} of ${keyring}: ${hashesIn(values)} into ${columns}, ${compared.toLocaleString('en')} to be compared`,
    finish: `${hashesIn(values)} of ${columns} to be removed, ${compared.toLocaleString('en')} of version ${active?.version} to be compared`,
  }[mode];
  return [
    `${what}; ${counted(kmsCalls, 'KMS request')} ($${usd.toFixed(2)} on AWS), about ${formatByteSize(walBytes)} of write-ahead log, ${counted(Math.ceil(seconds / 60), 'minute')}`,
  ];
}

export function hmacLines(result: KeyRotateHmacResult): readonly string[] {
  const { mode, outcome, planId, certificateId, actual, keyring, version, nextVersion } = result;
  if (actual === null) {
    return outcome === 'nothing to do' || outcome === 'not stored'
      ? [outcome]
      : [`${outcome}: plan ${planId}`];
  }
  const { values, late, drained, kmsCalls, walBytes, seconds } = actual;
  const done = mode === 'finish' ? `removed, ${counted(drained, 'version')} drained` : 'written';
  return [
    ...(nextVersion === null
      ? []
      : [
          `version ${nextVersion} of ${keyring} is active${version === null ? '' : `, version ${version} decrypt-only`}`,
        ]),
    `${hashesIn(values)} ${done}; ${late.toLocaleString('en')} late`,
    `${counted(kmsCalls, 'KMS request')}, ${formatByteSize(walBytes)} of write-ahead log, ${seconds.toFixed(1)} s`,
    ...(mode === 'finish' || late === 0
      ? []
      : ['late: an application wrote those without the column of this version; see docs/hmac.md']),
    ...(mode === 'new' && version !== null
      ? [`next, after the window: key rotate hmac ${keyring} --finish`]
      : []),
    ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
  ];
}
