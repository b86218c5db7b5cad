import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { signDetached, verifyDetached } from '../../src/lib/crypto/openpgp-signature.ts';
import { describeWith } from '../support/optional.ts';
import { type GpgHome, gpgKey, openGpgHome } from './gpg-home.ts';

describeWith(['gpg'], 'with gpg', ({ gpg }) => {
  const homes: GpgHome[] = [];
  function newHome(): GpgHome {
    const home = openGpgHome(gpg);
    homes.push(home);
    return home;
  }
  afterAll(() => {
    for (const home of homes) home.close();
  });

  describe('signatures', () => {
    const data = randomBytes(5_000);

    it('of ours are good for gpg, and bad over other data', async () => {
      const home = newHome();
      const pair = await generateKeyPair({ name: 'Backup', email: 'backup@example.org', purpose: 'sign' });
      home.must(['--import'], pair.publicKey);
      const signature = home.file('data.asc', await signDetached(data, { secretKey: pair.secretKey }));
      const status = home
        .must(['--status-fd', '1', '--verify', signature, home.file('data', data)])
        .toString();
      expect(status).toContain(`VALIDSIG ${pair.fingerprint}`);
      data[0] = (data[0] as number) ^ 1;
      expect(home.run(['--verify', signature, home.file('data', data)]).status).not.toBe(0);
    });

    it.each(['rsa3072', 'ed25519', 'nistp256'])(
      'of gpg with %s are good for us, armored and binary',
      async (algorithm) => {
        const home = newHome();
        const { fingerprint, publicKey } = gpgKey(home, algorithm);
        const armored = home.must(['--export', '--armor', fingerprint]).toString();
        expect(publicKey.byteLength).toBeGreaterThan(0);
        for (const form of [['--armor'], []]) {
          const signature = home.must(['--local-user', fingerprint, ...form, '--detach-sign'], data);
          expect(await verifyDetached(data, signature, [armored])).toMatchObject({ fingerprint });
          await expect(verifyDetached(data.subarray(1), signature, [armored])).rejects.toMatchObject({
            exitCode: ExitCode.integrity,
            code: 'signature-invalid',
          });
        }
      },
    );

    it('of gpg with a signing subkey name the primary key', async () => {
      const home = newHome();
      const { fingerprint } = gpgKey(home, 'ed25519');
      home.must(['--quick-add-key', fingerprint, 'ed25519', 'sign', '1d']);
      const signature = home.must(['--detach-sign'], data);
      const armored = home.must(['--export', '--armor', fingerprint]).toString();
      expect(await verifyDetached(data, signature, [armored])).toMatchObject({ fingerprint });
    });
  });
});
