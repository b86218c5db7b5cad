import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../base/clock.ts';
import { partial } from '../base/error.ts';
import type { Kms } from './kms.ts';
import type { KmsRotation } from './kms-rotation.ts';

export interface SettleOptions {
  /** Milliseconds to wait for it; 30 minutes unless told. AWS promises no time. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; 5,000 unless told. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** In a row: the servers of a service learn of a rotation one after the other. */
const agreeingProbes = 3;

/**
 * Waits until a rotation has taken effect: none in progress, and one material, other than `before`, makes every new
 * ciphertext. A straggler can still turn up, so compare what `reEncrypt` says about each ciphertext too.
 * @param before what `currentMaterial` gave before the rotation began
 * @returns the new material's id; undefined from a server that knows no materials
 * @throws {PosternError} exit 7 `kms-rotation-unsettled` after the time; an `AbortError` from the signal
 */
export async function rotationSettled(
  kms: Pick<Kms & KmsRotation, 'currentMaterial' | 'rotationStatus' | 'location'>,
  keyId: string,
  before: string | undefined,
  { timeoutMs = 1_800_000, everyMs = 5_000, signal, clock = systemClock }: SettleOptions = {},
): Promise<string | undefined> {
  const deadline = clock.now().getTime() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const { inProgressSince } = await kms.rotationStatus(keyId);
    if (inProgressSince === undefined) {
      const found = await agreed(kms, keyId);
      if (found === 'no materials') return undefined;
      if (found !== undefined && found !== before) return found;
    }
    if (clock.now().getTime() >= deadline) {
      throw partial(`the rotation of ${keyId} in ${kms.location} has not taken effect yet`, {
        code: 'kms-rotation-unsettled',
        hints: ['nothing was rewrapped by it; run the command again later'],
      });
    }
    await sleep(everyMs, undefined, signal === undefined ? {} : { signal });
  }
}

async function agreed(kms: Pick<Kms, 'currentMaterial'>, keyId: string): Promise<string | undefined> {
  const first = await kms.currentMaterial(keyId);
  if (first === undefined) return 'no materials';
  for (let probe = 1; probe < agreeingProbes; probe++)
    if ((await kms.currentMaterial(keyId)) !== first) return undefined;
  return first;
}
