import type { KeyDescription } from '../../crypto/openpgp-key-description.ts';
import type { ListedRecipient } from './results.ts';

const day = 86_400_000;

/** A recipient that ends sooner is a finding: its successor has to be made, checked and brought to its place. */
const early = 60 * day;

/** Whether new sets can be made for a key, and for how long. */
export function recipientState(
  { encryption, revoked }: Pick<KeyDescription, 'encryption' | 'revoked'>,
  now: Date,
): Pick<ListedRecipient, 'state' | 'reason' | 'expires'> {
  if (!encryption.possible) {
    const { code, why: reason } = encryption;
    if (revoked || code === 'recipient-revoked') return { state: 'revoked', reason, expires: null };
    return { state: code === 'recipient-expired' ? 'expired' : 'unusable', reason, expires: null };
  }
  const { until } = encryption;
  if (until === undefined) return { state: 'valid', reason: null, expires: null };
  const isEarly = until.getTime() - now.getTime() < early;
  return {
    state: isEarly ? 'expiring' : 'valid',
    reason: isEarly ? 'it ends within 60 days: extend it, or name its successor' : null,
    expires: until.toISOString(),
  };
}
