import { counted } from '../base/counted.ts';
import type { PlannedKekRotation, RotateKekOptions } from '../key/kek/index.ts';
import type { KeyRotateKekResult } from '../key/kek/results.ts';
import { canonicalName } from '../platform/map/index.ts';

interface KekFlags {
  readonly to?: string | undefined;
  readonly 'move-alias'?: string | undefined;
  readonly 'batch-size': number;
  readonly 'max-kms-rps'?: number | undefined;
}

export function kekOptions(keyring: string | undefined, flags: KekFlags): RotateKekOptions {
  return {
    keyring: keyring === undefined ? undefined : canonicalName(keyring),
    to: flags.to,
    alias: flags['move-alias'],
    batchSize: flags['batch-size'],
    kmsRequestsPerSecond: flags['max-kms-rps'] ?? null,
  };
}

/** What it will take, for whoever is asked whether to go on. */
export function kekForecastLines({
  inputs: { from, to, mode, forecast },
}: PlannedKekRotation): readonly string[] {
  const { keys, kmsCalls, usd, seconds } = forecast;
  return [
    mode === 'material' ? `${to} gets new material` : `from ${from.join(', ')} to ${to}`,
    `${counted(keys, 'data key')}, ${counted(kmsCalls, 'KMS request')} ($${usd.toFixed(2)} on AWS), ${counted(Math.ceil(seconds / 60), 'minute')}`,
  ];
}

export function kekLines({ outcome, planId, certificateId, actual }: KeyRotateKekResult): readonly string[] {
  if (outcome === 'not stored') return [outcome];
  if (actual === null) return [`${outcome}: plan ${planId}`];
  const { rewrapped, late, material, kmsCalls, seconds } = actual;
  return [
    `${counted(rewrapped + late, 'data key')} wrapped anew${material === null ? '' : ` by material ${material}`}`,
    `${counted(kmsCalls, 'KMS request')}, ${seconds.toFixed(1)} s`,
    ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
  ];
}
