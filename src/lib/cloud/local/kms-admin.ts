import type { KmsAdmin } from '../kms-admin.ts';
import { checkDeletionDays, kmsKeyUnusable } from '../kms-error.ts';
import { findKey, newKeyEntry, toKmsKey } from './key-ring.ts';
import type { KeyRingAccess } from './key-ring-access.ts';

const dayInMilliseconds = 86_400_000;

/** The life of the keys of a file. */
export function localKmsAdmin({ location, now, read, update, updateKey }: KeyRingAccess): KmsAdmin {
  const setState = (keyId: string, state: 'enabled' | 'disabled'): Promise<void> =>
    updateKey(keyId, (key) => {
      if (key.state === 'pending-deletion') throw kmsKeyUnusable(location, keyId, 'it is pending deletion');
      return { key: { ...key, state }, result: undefined };
    });

  return {
    createKey({ usage, description }) {
      const key = newKeyEntry(usage, description, now());
      return update((ring) => ({ ring: { ...ring, keys: [...ring.keys, key] }, result: toKmsKey(key) }));
    },

    enableKey: (keyId) => setState(keyId, 'enabled'),
    disableKey: (keyId) => setState(keyId, 'disabled'),

    async scheduleKeyDeletion(keyId, days) {
      checkDeletionDays(days);
      return updateKey(keyId, (key) => {
        if (key.state === 'pending-deletion')
          throw kmsKeyUnusable(location, keyId, 'it is pending deletion already');
        const deletionDate = new Date(now().getTime() + days * dayInMilliseconds);
        return {
          key: { ...key, state: 'pending-deletion', deletionDate: deletionDate.toISOString() },
          result: { deletionDate },
        };
      });
    },

    cancelKeyDeletion: (keyId) =>
      updateKey(keyId, ({ deletionDate, ...key }) => {
        if (deletionDate === undefined) throw kmsKeyUnusable(location, keyId, 'it is not pending deletion');
        return { key: { ...key, state: 'disabled' }, result: undefined };
      }),

    lastUse: (keyId) =>
      read((ring) => {
        findKey(ring, location, keyId, now());
        return { known: 'unknown', why: 'a file of keys does not record when they are used' };
      }),
  };
}
