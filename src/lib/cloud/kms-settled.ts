import { partial } from '../base/error.ts';
import type { Kms } from './kms.ts';
import type { KmsRotation } from './kms-rotation.ts';
import { type WaitOptions, waitUntil } from './wait-until.ts';

/** In a row: the servers of a service learn of a rotation one after the other. */
const agreeingProbes = 3;

/**
 * Waits until a rotation has taken effect: none in progress, and one material, other than `before`, makes every new
 * ciphertext. A straggler can still turn up, so compare what `reEncrypt` says about each ciphertext too.
 * @param before what `currentMaterial` gave before the rotation began
 * @param options half an hour unless told, a look every five seconds; AWS promises no time
 * @returns the new material's id; undefined from a server that knows no materials
 * @throws {PosternError} exit 7 `kms-rotation-unsettled` after the time; an `AbortError` from the signal
 */
export async function rotationSettled(
  kms: Pick<Kms & KmsRotation, 'currentMaterial' | 'rotationStatus' | 'location'>,
  keyId: string,
  before: string | undefined,
  options: WaitOptions = {},
): Promise<string | undefined> {
  const look = async (): Promise<Agreed | undefined> => {
    const { inProgressSince } = await kms.rotationStatus(keyId);
    if (inProgressSince !== undefined) return undefined;
    const agreed = await agreedMaterial(kms, keyId);
    return agreed === undefined || (agreed.id !== undefined && agreed.id === before) ? undefined : agreed;
  };
  const settled = await waitUntil(look, { timeoutMs: 1_800_000, everyMs: 5_000, ...options });
  if (settled !== undefined) return settled.id;
  throw partial(`the rotation of ${keyId} in ${kms.location} has not taken effect yet`, {
    code: 'kms-rotation-unsettled',
    hints: ['nothing was rewrapped by it; run the command again later'],
  });
}

interface Agreed {
  /** Undefined from a server that knows no materials. */
  readonly id: string | undefined;
}

async function agreedMaterial(kms: Pick<Kms, 'currentMaterial'>, keyId: string): Promise<Agreed | undefined> {
  const id = await kms.currentMaterial(keyId);
  if (id === undefined) return { id };
  for (let probe = 1; probe < agreeingProbes; probe++)
    if ((await kms.currentMaterial(keyId)) !== id) return undefined;
  return { id };
}
