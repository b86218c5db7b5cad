import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createMessage, decryptKey, encrypt, generateKey, readPrivateKey } from 'openpgp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KmsKey } from '../../src/lib/cloud/kms.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { withFileLock } from '../../src/lib/cloud/local/file-lock.ts';
import { createLocalKms, openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { kmsServiceContract } from '../contract/kms-service.ts';
import { collect } from '../contract/object-store.ts';

const passphrase = 'correct horse battery staple';
// The cheapest that is accepted: the cost of guessing is not what these tests are about.
const scryptLogN = 14;

let folder: string;
let byPassphrase: KmsService;
let byOpenPgp: KmsService;
let secretKey: string;
let otherKey: string;

const fresh = () => join(folder, `${randomBytes(6).toString('hex')}.kms`);
const create = (path: string) => createLocalKms({ path, unlock: { passphrase }, scryptLogN });
const open = (path: string, pass = passphrase) => openLocalKms({ path, unlock: { passphrase: pass } });

async function armoredKey(name: string): Promise<string> {
  const userIDs = [{ name, email: `${name}@example.test` }];
  const { privateKey } = await generateKey({ userIDs, passphrase: 'key pass', format: 'armored' });
  return privateKey;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-kms-'));
  byPassphrase = await create(fresh());
  secretKey = await armoredKey('operations');
  otherKey = await armoredKey('somebody');
  byOpenPgp = await createLocalKms({ path: fresh(), unlock: { secretKey, passphrase: 'key pass' } });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

kmsServiceContract('a file sealed by a passphrase', 'faithful', () => byPassphrase);
kmsServiceContract('a file sealed to an OpenPGP key', 'faithful', () => byOpenPgp);

describe('the sealed file of keys', () => {
  test('keeps its keys from one opening to the next, readable by its owner alone', async () => {
    const path = fresh();
    const first = await create(path);
    const { keyId } = await first.createKey({ usage: 'encrypt', description: 'kept' });
    const ciphertext = await first.encrypt(keyId, randomBytes(8), {});
    const second = await open(path);
    expect(await second.describeKey(keyId)).toMatchObject({ description: 'kept' });
    expect(await second.decrypt(keyId, ciphertext, {})).toHaveLength(8);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).not.toContain('kept');
  });

  test('stays locked for a wrong passphrase or key', async () => {
    const path = fresh();
    await create(path);
    const kept = { code: 'kms-locked', exitCode: 1 };
    await expect(open(path, 'wrong')).rejects.toMatchObject(kept);
    const pgp = fresh();
    await createLocalKms({ path: pgp, unlock: { secretKey, passphrase: 'key pass' } });
    const opened = await openLocalKms({ path: pgp, unlock: { secretKey, passphrase: 'key pass' } });
    expect(await collect(opened.listKeys())).toEqual([]);
    await expect(
      openLocalKms({ path: pgp, unlock: { secretKey, passphrase: 'wrong' } }),
    ).rejects.toMatchObject(kept);
    await expect(openLocalKms({ path: pgp, unlock: { secretKey } })).rejects.toMatchObject(kept);
    const somebody = { secretKey: otherKey, passphrase: 'key pass' };
    await expect(openLocalKms({ path: pgp, unlock: somebody })).rejects.toMatchObject(kept);
    await expect(open(pgp)).rejects.toMatchObject({ code: 'kms-unlock-method', exitCode: 2 });
  });

  test('opens with a passphrase typed in another Unicode form', async () => {
    const path = fresh();
    await createLocalKms({ path, unlock: { passphrase: 'Gr\u00fc\u00dfe' }, scryptLogN });
    expect((await open(path, 'Gru\u0308\u00dfe')).location).toContain(path);
  });

  test('is never made over another, and never made by opening', async () => {
    const path = fresh();
    await expect(open(path)).rejects.toMatchObject({ code: 'kms-missing', exitCode: 1 });
    await create(path);
    const before = await readFile(path);
    await expect(create(path)).rejects.toMatchObject({ code: 'kms-exists', exitCode: 2 });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test('notices any changed byte', async () => {
    const path = fresh();
    const kms = await create(path);
    await kms.createKey({ usage: 'encrypt', description: 'x' });
    const bytes = await readFile(path);
    const damaged = fresh();
    const position = fc.integer({ min: 0, max: bytes.length - 2 });
    await fc.assert(
      fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (index, change) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(index) ^ change, index);
        await writeFile(damaged, changed);
        await expect(open(damaged)).rejects.toMatchObject({
          name: 'PosternError',
          code: expect.stringMatching(/^kms-/),
        });
      }),
      { numRuns: 40 },
    );
  });

  test('is not believed when somebody who has only the public key made it', async () => {
    const path = fresh();
    const unlock = { secretKey, passphrase: 'key pass' };
    await createLocalKms({ path, unlock });
    const header = (await readFile(path, 'utf8')).split('\n', 1)[0] as string;
    const encryptionKeys = (await readPrivateKey({ armoredKey: secretKey })).toPublic();
    const forge = async (privateKey?: string) => {
      const message = await createMessage({ binary: Buffer.from(JSON.stringify({ header, keys: [] })) });
      const signingKeys =
        privateKey === undefined
          ? []
          : await decryptKey({
              privateKey: await readPrivateKey({ armoredKey: privateKey }),
              passphrase: 'key pass',
            });
      await writeFile(path, `${header}\n${await encrypt({ message, encryptionKeys, signingKeys })}\n`);
      return openLocalKms({ path, unlock });
    };
    await expect(forge()).rejects.toMatchObject({ code: 'kms-locked' });
    await expect(forge(otherKey)).rejects.toMatchObject({ code: 'kms-locked' });
    // The same procedure with the right signature opens, so it is the signature that was missed.
    expect(await collect((await forge(secretKey)).listKeys())).toEqual([]);
  });

  test('does not take scrypt parameters that would exhaust the memory, or none', async () => {
    const path = fresh();
    await create(path);
    const text = await readFile(path, 'utf8');
    for (const logN of [40, 1, 17.5]) {
      await writeFile(path, text.replace('"logN":14', `"logN":${logN}`));
      await expect(open(path)).rejects.toMatchObject({ code: 'kms-kdf-cost' });
    }
  });

  test('of a newer format is refused', async () => {
    const path = fresh();
    await create(path);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"version":1', '"version":2'));
    await expect(open(path)).rejects.toMatchObject({ code: 'kms-file-too-new', exitCode: 2 });
  });

  test('loses the keys whose deletion date has come, at the next opening, for good', async () => {
    const path = fresh();
    const start = Date.now();
    let now = start;
    const options = { path, unlock: { passphrase }, clock: { now: () => new Date(now) } };
    const kms = await createLocalKms({ ...options, scryptLogN });
    const doomed = await kms.createKey({ usage: 'encrypt', description: 'doomed' });
    const kept = await kms.createKey({ usage: 'encrypt', description: 'kept' });
    await kms.scheduleKeyDeletion(doomed.keyId, 7);
    now = start + 7 * 86_400_000 - 1;
    await openLocalKms(options);
    expect((await kms.describeKey(doomed.keyId)).state).toBe('pending-deletion');
    now = start + 7 * 86_400_000;
    await expect(kms.cancelKeyDeletion(doomed.keyId)).rejects.toMatchObject({ code: 'kms-key-missing' });
    await openLocalKms(options);
    // Turning the clock back brings nothing back: the material is gone.
    now = start;
    const again = await openLocalKms(options);
    await expect(again.describeKey(doomed.keyId)).rejects.toMatchObject({ code: 'kms-key-missing' });
    expect((await collect(again.listKeys())).map(({ keyId }) => keyId)).toEqual([kept.keyId]);
  });

  test('loses no key when two hold it open and write at once, and each sees what the other did', async () => {
    const path = fresh();
    const one = await create(path);
    const two = await open(path);
    const made = await Promise.all(
      [one, two, one, two, one, two].map((kms, n) =>
        kms.createKey({ usage: 'encrypt', description: `${n}` }),
      ),
    );
    for (const kms of [one, two, await open(path)]) {
      const ids = (await collect(kms.listKeys())).map(({ keyId }) => keyId);
      expect(ids.toSorted()).toEqual(made.map(({ keyId }) => keyId).toSorted());
    }
    const [{ keyId }] = made as [KmsKey];
    await one.disableKey(keyId);
    await expect(two.encrypt(keyId, randomBytes(1), {})).rejects.toMatchObject({
      code: 'kms-key-unusable',
    });
  });

  test('that was put back from an older copy is read again', async () => {
    const path = fresh();
    const kms = await create(path);
    await copyFile(path, `${path}.old`);
    const { keyId } = await kms.createKey({ usage: 'encrypt', description: '' });
    await rm(path);
    await copyFile(`${path}.old`, path);
    await expect(kms.describeKey(keyId)).rejects.toMatchObject({ code: 'kms-key-missing' });
  });

  test('keeps materials and aliases from one opening to the next, and loses the aliases of a destroyed key', async () => {
    const path = fresh();
    let now = Date.now();
    const options = { path, unlock: { passphrase }, clock: { now: () => new Date(now) } };
    const kms = await createLocalKms({ ...options, scryptLogN });
    const kept = await kms.createKey({ usage: 'encrypt', description: '' });
    await kms.createAlias('alias/kept', kept.keyId);
    const doomed = await kms.createKey({ usage: 'encrypt', description: '' });
    await kms.createAlias('alias/doomed', doomed.keyId);
    const ciphertext = await kms.encrypt(kept.keyId, randomBytes(8), {});
    await kms.rotateKey(kept.keyId);
    await kms.scheduleKeyDeletion(doomed.keyId, 7);
    now += 7 * 86_400_000;
    const again = await openLocalKms(options);
    expect(await again.decrypt(kept.keyId, ciphertext, {})).toHaveLength(8);
    expect((await again.listMaterials(kept.keyId)).map(({ state }) => state)).toEqual(['former', 'current']);
    expect(await collect(again.listAliases())).toEqual([{ name: 'alias/kept', keyId: kept.keyId }]);
  });

  test('knows no principals, nobody who would rotate by itself, and not when a key was used', async () => {
    const { keyId } = await byPassphrase.createKey({ usage: 'encrypt', description: '' });
    expect(byPassphrase.access).toBeUndefined();
    expect(byPassphrase.automaticRotation).toBeUndefined();
    expect(await byPassphrase.lastUse(keyId)).toMatchObject({ known: 'unknown' });
    await expect(byPassphrase.lastUse('alias/mail')).rejects.toMatchObject({ code: 'kms-alias' });
    await expect(byPassphrase.lastUse('none')).rejects.toMatchObject({ code: 'kms-key-missing' });
  });

  test('leaves no lock and no temporary file behind', async () => {
    const path = fresh();
    await (await create(path)).createKey({ usage: 'encrypt', description: '' });
    await expect(stat(`${path}.lock`)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the lock of a file', () => {
  const lockOf = (pid: number, host = hostname()) => JSON.stringify({ pid, host, token: 'another' });

  test.each([
    // Above the largest process id that Linux and macOS give out.
    ['that died', 2 ** 22 + 1],
    ['that died and had our id', process.pid],
  ])('of a process %s is taken over', async (_, pid) => {
    const path = fresh();
    await writeFile(`${path}.lock`, lockOf(pid));
    expect(await withFileLock(path, async () => 'done', 1_000)).toBe('done');
    await expect(stat(`${path}.lock`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    ['a living process', () => lockOf(process.ppid)],
    ['another host', () => lockOf(2 ** 22 + 1, 'elsewhere.example')],
    ['nobody that can be read', () => ''],
  ])('of %s is respected', async (_, content) => {
    const path = fresh();
    await writeFile(`${path}.lock`, content());
    const work = withFileLock(path, async () => 'done', 100);
    await expect(work).rejects.toMatchObject({ code: 'file-locked', exitCode: 11 });
    expect(await readFile(`${path}.lock`, 'utf8')).toBe(content());
  });

  test('is given back when the work fails', async () => {
    const path = fresh();
    await expect(withFileLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withFileLock(path, async () => 'next', 100)).toBe('next');
  });
});
