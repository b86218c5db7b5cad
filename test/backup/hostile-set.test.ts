// Sets whose signatures are right and whose contents are nonsense: by a signer who went wrong, or another program.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { compressFrame } from '../../src/lib/backup/format/zstd-frames.ts';
import { openSignedSet, readManifest } from '../../src/lib/backup/read-set.ts';
import { verifySet } from '../../src/lib/backup/verify/index.ts';
import { PosternError } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { canonicalJson, type JsonValue } from '../../src/lib/crypto/canonical-json.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { signDetached } from '../../src/lib/crypto/openpgp-signature.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { type Person, person, seal } from '../crypto/message-fixture.ts';
import { alteredStore } from './altered-store.ts';

const setId = '20260301T020000Z-9f2c41d0';
let folder: string;
let signer: KeyPair;
let operations: Person;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-hostile-'));
  signer = await generateKeyPair({ name: 'signer', email: 'signer@example.org', purpose: 'sign' });
  operations = await person('operations');
});

afterAll(() => rm(folder, { recursive: true }));

const sign = (bytes: Uint8Array) =>
  signDetached(bytes, { secretKey: signer.secretKey }).then((text) => Buffer.from(text));

/** A set of these files, with a right signature over their right sums (or over these sums). */
async function signedSet(files: Readonly<Record<string, Uint8Array>>, sums?: Uint8Array): Promise<SetStore> {
  const list =
    sums ??
    Buffer.from(
      Object.entries(files)
        .map(([name, bytes]) => `${sha256Hex(bytes)}  ${name}\n`)
        .join(''),
    );
  const all: Record<string, Uint8Array> = { ...files, SHA256SUMS: list, 'SHA256SUMS.asc': await sign(list) };
  const manifest = files['manifest.json.pgp'];
  if (manifest !== undefined) all['manifest.json.pgp.asc'] = await sign(manifest);
  const store = await openLocalObjectStore({ path: folder });
  return {
    destination: 'offsite',
    store: alteredStore(
      store,
      new Map(Object.entries(all).map(([name, bytes]) => [`backup/${setId}/${name}`, bytes])),
    ),
    profile: 'test',
    prefix: 'backup/',
    trustedSigners: [signer.publicKey],
  };
}

const stub = {
  format: 'postern-backup-set',
  version: 2,
  setId,
  profile: 'test',
  finishedAt: '2026-03-01T02:00:00.000Z',
  recipients: [],
  signer: '',
  previous: null,
  base: [],
  files: [],
};

const json = (value: JsonValue) => Buffer.from(canonicalJson(value));

/** Must end in an answer or in an error of ours; anything else is a bug. */
async function isOurs(work: Promise<unknown>): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error !== undefined) expect(error).toBeInstanceOf(PosternError);
}

const verify = (sets: SetStore) =>
  verifySet(sets, setId, {
    level: 'full',
    keys: undefined,
    workers: 1,
    signal: new AbortController().signal,
    progress: silentProgress,
  });

test('a list of sums of random bytes or lines is refused as our error', async () => {
  const lines = fc
    .array(
      fc.oneof(
        fc.string(),
        fc.constant(`${'0'.repeat(64)}  set.json`),
        fc.constant(`${'0'.repeat(64)}  ../set.json`),
      ),
    )
    .map((all) => Buffer.from(all.join('\n')));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), lines), async (sums) => {
      const sets = await signedSet({ 'set.json': json(stub) }, sums);
      await expect(openSignedSet(sets, setId)).rejects.toMatchObject({ exitCode: 5 });
    }),
    { numRuns: 40 },
  );
});

test('a stub of any JSON or bytes is accepted or refused as our error, by verify too', async () => {
  const member = fc.constantFrom(...Object.keys(stub));
  const changed = fc
    .tuple(member, fc.jsonValue())
    .map(([name, value]) => json({ ...stub, [name]: value as JsonValue }));
  const other = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(changed, other, fc.uint8Array()), async (bytes) => {
      const sets = await signedSet({ 'set.json': bytes });
      await isOurs(openSignedSet(sets, setId));
      // A version of the future is no damage, whatever else stands there.
      const findings = await verify(sets).then(
        (verified) => verified.findings,
        (error: unknown) => [expect(error).toMatchObject({ code: 'set-newer' })],
      );
      expect(findings.length).toBeGreaterThan(0);
    }),
    { numRuns: 40, examples: [[json({ ...stub, version: 2.5 })], [json({ ...stub, version: 9 })]] },
  );
});

test('a stub or manifest of a later format is refused by name, and not called damaged', async () => {
  const later = await signedSet({ 'set.json': json({ ...stub, version: 3, more: true }) });
  await expect(openSignedSet(later, setId)).rejects.toMatchObject({ exitCode: 6, code: 'set-newer' });
  await expect(verify(later)).rejects.toMatchObject({ exitCode: 6, code: 'set-newer' });
});

test('a manifest of any JSON, text or bytes is refused as our error', async () => {
  const inside = fc.oneof(
    fc.jsonValue().map((value) => compressFrame(Buffer.from(JSON.stringify(value)), 1)),
    fc.string().map((text) => compressFrame(Buffer.from(text), 1)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(inside, async (bytes) => {
      const sealed = await seal(bytes, [operations.recipient]);
      const sets = await signedSet({ 'set.json': json(stub), 'manifest.json.pgp': sealed });
      const set = await openSignedSet(sets, setId);
      await expect(
        readManifest(sets, set, { secretKeys: [operations.secret], kms: undefined }),
      ).rejects.toMatchObject({ exitCode: 5 });
    }),
    { numRuns: 40 },
  );
});

test('names that lead out of the set are refused', async () => {
  for (const name of ['../other/set.json', '/etc/passwd', 'a//b', 'a/../b', './a', 'a b', 'ä', '']) {
    const line = Buffer.from(`${'0'.repeat(64)}  ${name}\n`);
    const sets = await signedSet({ 'set.json': json(stub) }, line);
    await expect(openSignedSet(sets, setId), name).rejects.toMatchObject({ exitCode: 5 });
  }
});
