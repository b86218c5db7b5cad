// Restores without postern by session keys: from a key management service, and from a rewrap.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rewrapSet } from '../../src/lib/backup/keys/rewrap.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { openAwsKms } from '../../src/lib/cloud/aws/kms.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { type GpgHome, openGpgHome } from '../crypto/gpg-home.ts';
import { type CopiedSet, copySet } from '../support/copied-set.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';
import { testServer } from '../support/postgres.ts';
import { type KeysWorld, keysBelow, keysWorld } from './keys-world.ts';
import { sql } from './round-trip.ts';

/**
 * Stands for the AWS command line: `aws kms decrypt`, with the flags that README.txt uses, asked of moto, which checks
 * no login.
 */
const awsProgram = `#!${process.execPath}
const { readFileSync } = require('node:fs');
const [service, verb, ...flags] = process.argv.slice(2);
const flag = (name) => flags[flags.indexOf(name) + 1];
if (service !== 'kms' || verb !== 'decrypt' || flag('--query') !== 'Plaintext' || flag('--output') !== 'text') process.exit(252);
const body = {
  KeyId: flag('--key-id'),
  CiphertextBlob: readFileSync(flag('--ciphertext-blob').replace('fileb://', '')).toString('base64'),
  EncryptionContext: JSON.parse(flag('--encryption-context')),
};
fetch(process.env.AWS_ENDPOINT_URL, {
  method: 'POST',
  headers: {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.Decrypt',
    authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/kms/aws4_request',
  },
  body: JSON.stringify(body),
}).then(async (answer) => {
  if (!answer.ok) process.exit(254);
  process.stdout.write((await answer.json()).Plaintext + '\\n');
});
`;

describeWith(
  ['gpg', 'zstd', 'psql', 'jq', 'moto'],
  'session keys, without postern',
  ({ gpg, moto: path }) => {
    let moto: Moto;
    let world: KeysWorld;
    let home: GpgHome;
    let set: CopiedSet;
    let keyring: CopiedSet;
    let setId: string;
    let server: string;
    const database = `by_session_keys_${process.pid}`;
    const environment = () => ({
      SIGNER: world.keys.signer.fingerprint,
      AWS_ENDPOINT_URL: moto.endpoint,
      PATH: `${join(world.folder, 'bin')}:${process.env['PATH']}`,
    });
    const restored = () =>
      sql(
        withDatabase(server, database),
        `select count(*)::int as rows, count(*) filter (where dek = decode(md5(id::text), 'hex'))::int as deks from person`,
      );

    /** The list of the set's one rewrap, decrypted as README.txt says. @returns its file */
    const openedRewrap = async (id: string): Promise<string> => {
      const rewraps = copySet(world, `rewraps/${id}`, home, server);
      const [name = ''] = (await keysBelow(world.sets, `rewraps/${id}`)).map(
        (key) => key.split('/').at(-1) ?? '',
      );
      const list = join(world.folder, `${id}.json`);
      const opened = rewraps.sh(
        `gpg --batch --verify ${name}.asc ${name} && gpg --batch --decrypt ${name} | zstd -d > ${list}`,
      );
      rmSync(rewraps.folder, { recursive: true });
      expect(opened, opened.stderr).toMatchObject({ status: 0 });
      return list;
    };

    beforeAll(async () => {
      moto = await startMoto(path);
      world = await keysWorld();
      home = openGpgHome(gpg);
      server = (await testServer()).url;
      const kms = await openAwsKms({
        endpoint: moto.endpoint,
        region: moto.region,
        credentials: moto.credentials,
      });
      const { arn } = await kms.createKey({ usage: 'encrypt', description: 'backups' });
      const offline = await readRecipient(world.keys.offline.publicKey, new Date());
      setId = await world.backup({ kms: { kms, keyId: arn }, recipients: [offline] });
      await rewrapSet(await world.rewrapContext({ keys: { armored: [], kms: async () => kms } }), setId, {
        mode: 'apply',
        whom: 'missing',
      });
      mkdirSync(join(world.folder, 'bin'));
      writeFileSync(join(world.folder, 'bin/aws'), awsProgram);
      chmodSync(join(world.folder, 'bin/aws'), 0o755);
      home.must(['--import'], world.keys.signer.publicKey);
      set = copySet(world, setId, home, server);
      keyring = copySet(world, `keyrings/${setId}`, home, server);
    });

    afterAll(async () => {
      await sql(server, `drop database if exists ${database} with (force)`);
      for (const { folder } of [set, keyring]) rmSync(folder, { recursive: true, force: true });
      home?.close();
      await world?.close();
      await moto?.stop();
    });

    test('no secret key is at hand, and the set stays closed', () => {
      const outcome = set.sh(`sh restore.sh ${database}`, environment());
      expect(outcome).toMatchObject({ status: 1, stderr: expect.stringMatching(/does not open/) });
    });

    test('the commands of README.txt restore by the key management service', async () => {
      await sql(server, `drop database if exists ${database} with (force)`);
      const readme = readFileSync(join(set.folder, 'README.txt'), 'utf8');
      const lines = readme.split('\n');
      const first = lines.findIndex((line) => line.includes('jq -r .kms.wrappedKey'));
      const last = lines.findIndex((line, index) => index > first && line.includes('SESSION_KEYS='));
      const commands = lines
        .slice(first, last + 1)
        .join('\n')
        .replace('PATH/OF/session-keys.json', 'session-keys.json')
        .replace('NEW_DATABASE', database);
      const outcome = set.sh(commands, { ...environment(), KEYRING: keyring.folder });
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(await restored()).toEqual([{ rows: 500, deks: 500 }]);
      // No session key is told on the way.
      const { keys } = JSON.parse(readFileSync(join(set.folder, 'session-keys.json'), 'utf8'));
      for (const key of Object.values(keys)) expect(outcome.stderr + outcome.stdout).not.toContain(key);
    });

    test('a rewrap restores for the key that it was made for', async () => {
      await sql(server, `drop database if exists ${database} with (force)`);
      home.must(['--import'], world.successor.secretKey);
      const outcome = set.sh(`sh restore.sh ${database}`, {
        ...environment(),
        SESSION_KEYS: await openedRewrap(setId),
        KEYRING: keyring.folder,
      });
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(await restored()).toEqual([{ rows: 500, deks: 500 }]);
    });

    test("the keyring of a younger set opens by that set's list", async () => {
      await sql(server, `drop database if exists ${database} with (force)`);
      const younger = await world.backup();
      await rewrapSet(await world.rewrapContext(), younger, { mode: 'apply', whom: 'missing' });
      const lists = {
        SESSION_KEYS: await openedRewrap(setId),
        KEYRING_SESSION_KEYS: await openedRewrap(younger),
      };
      const other = copySet(world, `keyrings/${younger}`, home, server);
      const env = { ...environment(), ...lists, KEYRING: other.folder };
      const wrong = set.sh(`sh restore.sh ${database}`, { ...env, KEYRING_SESSION_KEYS: lists.SESSION_KEYS });
      expect(wrong, wrong.stderr).toMatchObject({
        status: 5,
        stderr: expect.stringMatching(/its session key/),
      });
      await sql(server, `drop database ${database} with (force)`);
      const outcome = set.sh(`sh restore.sh ${database}`, env);
      rmSync(other.folder, { recursive: true });
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(await restored()).toEqual([{ rows: 500, deks: 500 }]);
    });

    test('the list of another set, one without a key, a wrong key and none at all are told apart', async () => {
      await sql(server, `drop database if exists ${database} with (force)`);
      const list = JSON.parse(readFileSync(join(set.folder, 'session-keys.json'), 'utf8'));
      const name = 'platform/00-create-database.sql.zst.pgp';
      const { [name]: _, ...others } = list.keys;
      const cases = [
        [JSON.stringify({ ...list, manifestSha256: '0'.repeat(64) }), 5, /is the list of another set/],
        [JSON.stringify({ ...list, keys: others }), 1, /has no session key for platform\/00-create/],
        [
          JSON.stringify({ ...list, keys: { ...list.keys, [name]: `9:${'1'.repeat(64)}` } }),
          5,
          /is this its session key/,
        ],
        ['no JSON', 2, /is no list of session keys/],
      ] as const;
      const keys = join(world.folder, 'list.json');
      for (const [text, status, words] of cases) {
        writeFileSync(keys, text);
        const outcome = set.sh(`sh restore.sh ${database}`, { ...environment(), SESSION_KEYS: keys });
        expect(outcome, outcome.stderr).toMatchObject({ status, stderr: expect.stringMatching(words) });
      }
      const none = set.sh(`sh restore.sh ${database}`, { ...environment(), SESSION_KEYS: '/nonexistent' });
      expect(none).toMatchObject({ status: 2, stderr: expect.stringMatching(/there is no file/) });
    });
  },
);
