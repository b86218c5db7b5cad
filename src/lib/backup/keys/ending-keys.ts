import type { Recipient } from '../../crypto/openpgp-recipient.ts';
import { signerEnd } from '../../crypto/openpgp-signer.ts';
import type { BackupContext, Signer } from '../context.ts';

const day = 86_400_000;

/** A key that ends sooner is told of by every run, and by `doctor`: in time for a weekly job. */
const soon = 30 * day;

/** A key without which the backups would stop. */
export interface EndingKey {
  readonly role: 'recipient' | 'signer';
  readonly fingerprint: string;
  readonly expires: Date;
}

/** The keys of a run that end within 30 days, the first to end first. */
export async function endingKeys(
  { recipients, signer }: { readonly recipients: readonly Recipient[]; readonly signer: Signer },
  now: Date,
): Promise<readonly EndingKey[]> {
  const keys = [
    ...recipients.map(({ fingerprint, expires }) => ({ role: 'recipient' as const, fingerprint, expires })),
    {
      role: 'signer' as const,
      fingerprint: signer.fingerprint,
      expires: await signerEnd(signer.publicKey, now),
    },
  ];
  return keys
    .flatMap(({ expires, ...key }) => (expires === undefined ? [] : [{ ...key, expires }]))
    .filter(({ expires }) => expires.getTime() - now.getTime() < soon)
    .toSorted((a, b) => a.expires.getTime() - b.expires.getTime());
}

/** `recipient 4F… expires at 2026-04-01T00:00:00.000Z` */
export function endingKeyText({ role, fingerprint, expires }: EndingKey): string {
  return `${role} ${fingerprint} expires at ${expires.toISOString()}`;
}

/** Tells of the keys that end soon. @throws {PosternError} exit 2 `signer-cannot-sign` */
export async function warnOfEndingKeys({
  recipients,
  signer,
  clock,
  progress,
}: Pick<BackupContext, 'recipients' | 'signer' | 'clock' | 'progress'>): Promise<void> {
  for (const key of await endingKeys({ recipients, signer }, clock.now()))
    progress.warn(`${endingKeyText(key)}: extend it, or name its successor, before the backups stop`);
}
