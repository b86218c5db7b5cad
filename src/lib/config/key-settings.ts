import { z } from 'zod';
import { passwordSettings } from './password-settings.ts';

/** `keys` in a profile: the keys that postern rotates, each kind in a part of its own. */
export const keySettings = z
  .strictObject({
    passwords: passwordSettings.optional().describe('passwords of database roles'),
  })
  .describe('the keys that postern rotates');
