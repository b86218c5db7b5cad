import { z } from 'zod';
import { cryptoperiodSettings } from './cryptoperiod-settings.ts';
import { dkimSettings } from './dkim-settings.ts';
import { passwordSettings } from './password-settings.ts';
import { pgcryptoSettings } from './pgcrypto-settings.ts';

/** `keys` in a profile: the keys that postern rotates, each kind in a part of its own. */
export const keySettings = z
  .strictObject({
    cryptoperiods: cryptoperiodSettings
      .optional()
      .describe('how long keys may be used before they are rotated'),
    dkim: dkimSettings.optional().describe('the keys that sign outgoing mail'),
    passwords: passwordSettings.optional().describe('passwords of database roles'),
    pgcrypto: pgcryptoSettings.optional(),
  })
  .describe('the keys that postern rotates');
