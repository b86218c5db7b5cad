import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

const day = 86_400_000;

/**
 * Milliseconds, unless the configuration tells otherwise. Data keys: NIST SP 800-57 part 1 rev. 5 §5.3.6 has at most two
 * years for what encrypts or authenticates data, and one to three years for what signs; key-wrapping keys at most two
 * years. Passwords
 * and DKIM have periods of their own beside their settings.
 */
export const defaultCryptoperiods = {
  kek: 365 * day,
  dek: 730 * day,
  hmac: 730 * day,
  openpgp: 730 * day,
  signer: 1095 * day,
} as const;

const duration = z.string().transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: 'custom', message: 'expected a duration such as 365d' });
  return z.NEVER;
});

/** `keys.cryptoperiods`: how long each kind of key may be used before it is rotated. */
export const cryptoperiodSettings = z.strictObject({
  kek: duration.optional().describe('365d, unless told: the material of keys that wrap data keys'),
  dek: duration
    .optional()
    .describe('730d, unless told: data keys, as long as values are encrypted under them'),
  hmac: duration.optional().describe('730d, unless told: HMAC keys of blind indexes and pseudonyms'),
  openpgp: duration.optional().describe('730d, unless told: encryption keys of backup recipients'),
  signer: duration.optional().describe('1095d, unless told: keys that sign backups, plans and certificates'),
  password: duration
    .optional()
    .describe('90d, unless told: passwords of database roles that name no cryptoperiod of their own'),
  dkim: duration.optional().describe('180d, unless told: DKIM keys of domains that name none of their own'),
});
