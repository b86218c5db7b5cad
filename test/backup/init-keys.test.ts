import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initBackupKeys } from '../../src/lib/backup/init-keys.ts';
import { readSecretKey } from '../../src/lib/crypto/openpgp-secret-key.ts';

test('the passphrase seals what opens the backups, and never the signer, which lives on the host that writes them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-keys-'));
  try {
    const passphrase = 'of the recipients';
    const { keys } = await initBackupKeys({
      directory,
      name: 'Example',
      email: 'a@example.org',
      passphrase,
      now: new Date(),
    });
    for (const { role, secretFile } of keys) {
      const opened = readSecretKey(await readFile(secretFile, 'utf8'));
      if (role === 'signer') await expect(opened).resolves.toBeDefined();
      else await expect(opened).rejects.toMatchObject({ code: 'secret-key-locked' });
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
