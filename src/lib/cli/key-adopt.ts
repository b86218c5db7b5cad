import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { AdoptContext, AdoptOptions, PlannedAdopt } from '../key/adopt/index.ts';
import type { KeyAdoptResult } from '../key/adopt/results.ts';
import { parseColumnName } from '../platform/map/index.ts';
import type { PosternContext } from './context.ts';
import { durationFlag } from './duration-flag.ts';
import { keyContext } from './key-context.ts';
import { type ThrottleFlags, throttleOptions } from './throttle-flags.ts';

/** All that adopting a column needs; nothing is opened yet. */
export async function adoptContext(
  context: PosternContext,
  limits: Pick<AdoptOptions, 'kmsRequestsPerSecond'>,
): Promise<AdoptContext> {
  return {
    ...(await keyContext(context, limits)),
    pgcryptoPassphrase: async (column) => {
      const configured = Object.entries(context.config.profile.keys?.pgcrypto ?? {});
      const wanted = JSON.stringify(parseColumnName(column));
      const reference = configured.find(([name]) => JSON.stringify(parseColumnName(name)) === wanted)?.[1];
      if (reference !== undefined) return context.secret('keys', reference);
      throw usageError(`the profile ${context.profile} has no keys.pgcrypto for ${column}`, {
        code: 'not-configured',
        hints: [`add the passphrase to ${context.config.file}; docs/configuration.md shows how`],
      });
    },
  };
}

interface AdoptFlags extends ThrottleFlags {
  readonly 'in-place': boolean;
  readonly finish: boolean;
  readonly window: string;
  readonly 'make-keys'?: string | undefined;
  readonly workers: number;
  readonly 'batch-size': number;
}

/** @throws {PosternError} exit 2: `column-name`, `duration-invalid` */
export function adoptOptions(column: string, flags: AdoptFlags): AdoptOptions {
  const name = parseColumnName(column);
  if (name === undefined) {
    throw usageError(`${column} is no name of a column`, {
      code: 'column-name',
      hints: ['write schema.table.column'],
    });
  }
  const window = flags.window === '0' ? 0 : (durationFlag('window', flags.window) ?? 0);
  return {
    name,
    mode: flags.finish ? 'finish' : flags['in-place'] ? 'in-place' : 'copy',
    makeKeys: flags['make-keys'] ?? null,
    windowSeconds: flags.finish ? Math.ceil(window / 1000) : null,
    batchSize: flags['batch-size'],
    workers: flags.workers,
    ...throttleOptions(flags),
  };
}

/** What it will take, for whoever is asked whether to go on. */
export function forecastLines({ plan, inputs, remains }: PlannedAdopt): readonly string[] {
  const { mode, table, column, source, forecast } = inputs;
  const from = source ?? column;
  if (plan === undefined) return [`nothing stands in clear in ${table}.${from}`];
  const { values, compared, newKeys, kmsCalls, usd, walBytes, seconds } = forecast;
  const what = {
    copy: `${counted(values, 'value')} of ${from} to be encrypted into ${column}, ${counted(compared, 'value')} to be compared`,
    'in-place': `${counted(values, 'value')} in clear in ${column}`,
    finish: `${counted(values, 'value')} of ${from} to be removed`,
  }[mode];
  return [
    `${what}${newKeys === 0 ? '' : `, ${counted(newKeys, 'new data key')}`}; ${counted(kmsCalls, 'KMS request')} ($${usd.toFixed(2)} on AWS), about ${formatByteSize(walBytes)} of write-ahead log, ${counted(Math.ceil(seconds / 60), 'minute')}`,
    ...remains,
  ];
}

export function outcomeLines(result: KeyAdoptResult): readonly string[] {
  const { mode, outcome, planId, certificateId, actual, table } = result;
  if (actual === null) {
    return outcome === 'nothing to do' || outcome === 'not stored'
      ? [outcome]
      : [`${outcome}: plan ${planId}`];
  }
  const { values, late, newKeys, kmsCalls, walBytes, seconds } = actual;
  const done = mode === 'finish' ? 'removed in clear' : 'encrypted';
  return [
    `${counted(values, 'value')} ${done}, ${late.toLocaleString('en')} of them late${newKeys === 0 ? '' : `; ${counted(newKeys, 'new data key')}`}`,
    `${counted(kmsCalls, 'KMS request')}, ${formatByteSize(walBytes)} of write-ahead log, ${seconds.toFixed(1)} s`,
    ...(mode === 'copy' ? [] : [`next: VACUUM ${table}`]),
    ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
  ];
}
