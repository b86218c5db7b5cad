import { usageError } from '../../base/error.ts';
import { describeKey, type KeyDescription } from '../../crypto/openpgp-key-description.ts';
import { publicHalf } from '../../crypto/openpgp-merge.ts';
import type { OpenpgpContext } from './context.ts';
import type { RotateInputs } from './inputs.ts';
import { type Judged, judge, mergeJudged, roleOf } from './judge.ts';
import { readKeyFile, requireWritable } from './key-file.ts';
import { otherCopies, type PlannedRotation, planOf } from './plan-rotate.ts';
import { filesOf, knownKey, requireChangeable, requireMeant } from './requirements.ts';

/**
 * Plans to publish what was made of a key where its secret is.
 * @throws {PosternError} exit 2 as `judge` and `mergeJudged` of what is imported; `import-is-secret`, `import-not-newer`,
 * `key-revoked`, `key-not-configured`, `keys-differ`, `file-not-writable`
 */
export async function planImport(
  context: OpenpgpContext,
  { file, meant }: { readonly file: string; readonly meant: string | undefined },
): Promise<PlannedRotation> {
  const now = context.clock.now();
  const imported = await readKeyFile(file);
  const role = await roleOf(imported, now);
  const { fingerprint, kind } = await describeKey(imported, now);
  if (kind === 'secret') throw isSecret(file);
  requireMeant(fingerprint, meant);
  const publicKey = await publicHalf(imported);
  const publicFiles = await filesOf(fingerprint, context.publicFiles, now);
  const known = await knownKey(imported, publicFiles, now);
  requireChangeable(known, { role, change: 'extend' }, now);
  const wanted = await judge(publicKey, role, now);
  for (const path of publicFiles) {
    const before = await readKeyFile(path);
    await requireNewer(await describeKey(before, now), before.toString(), { wanted, role, now });
    await mergeJudged(publicKey, { path, before }, { role, now });
    await requireWritable(path);
  }
  const oldKeyIds = known.encryptionKeys
    .filter((key) => key.fingerprint !== wanted.encryptionFingerprint)
    .map(({ keyId }) => keyId);
  const inputs: RotateInputs = {
    fingerprint,
    role,
    change: 'import',
    secretFile: null,
    passphraseFile: null,
    keepOld: false,
    ends: wanted.ends,
    publicFiles: [...publicFiles],
    publicKey,
    oldKeyIds,
    needed: (oldKeyIds.length > 0 ? await context.setsOpenedBy(oldKeyIds) : undefined) ?? null,
  };
  return {
    plan: await planOf(context, inputs),
    inputs,
    ends: wanted.ends,
    staleCopies: await copiesWithout(context, fingerprint, wanted),
  };
}

/** A younger encryption key, or the same key for longer. */
async function requireNewer(
  before: KeyDescription,
  text: string,
  { wanted, role, now }: { readonly wanted: Judged; readonly role: RotateInputs['role']; readonly now: Date },
): Promise<void> {
  const isNew =
    wanted.encryptionFingerprint !== null &&
    before.encryptionKeys.every(({ fingerprint }) => fingerprint !== wanted.encryptionFingerprint);
  if (isNew) return;
  const current = await judge(text, role, now).catch(() => undefined);
  // What has ended lasts longer now; `mergeJudged` tells of what is younger than this.
  if (current === undefined || later(wanted.ends, current.ends)) return;
  throw usageError(`the key ${before.fingerprint} in the file is no newer than the configured one`, {
    code: 'import-not-newer',
    hints: ['it was imported already, or it is an older copy; nothing was changed'],
  });
}

function later(wanted: string | null, current: string | null): boolean {
  if (current === null) return false;
  return wanted === null || wanted > current;
}

/** Secret keys named here that do not open what is encrypted for the new encryption key. */
async function copiesWithout(
  context: OpenpgpContext,
  fingerprint: string,
  { encryptionFingerprint }: Judged,
): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const path of await otherCopies(context, fingerprint, null)) {
    const { encryptionKeys } = await knownKey(await readKeyFile(path), [], context.clock.now());
    const opens = encryptionKeys.some((key) => key.hasSecret && key.fingerprint === encryptionFingerprint);
    if (!opens && encryptionFingerprint !== null) stale.push(path);
  }
  return stale;
}

function isSecret(file: string): Error {
  return usageError(`${file} is a secret key, and only its public half may come here`, {
    code: 'import-is-secret',
    hints: ['remove it from this host, and bring what --public-out wrote'],
  });
}
