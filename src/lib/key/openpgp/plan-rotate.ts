import { realpath } from 'node:fs/promises';
import { publicHalf } from '../../crypto/openpgp-merge.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import { createPlan, type Plan, type Precondition } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { databaseTarget } from '../../operation/target.ts';
import type { OpenpgpContext } from './context.ts';
import { type RotateInputs, rotationKind } from './inputs.ts';
import { roleOf } from './judge.ts';
import { readIfThere, readKeyFile, requireWritable } from './key-file.ts';
import {
  endOf,
  filesOf,
  knownKey,
  requireChangeable,
  requireCurrentSecret,
  requireMeant,
} from './requirements.ts';
import { mergedFiles, renew } from './steps.ts';

export interface RotateOptions {
  readonly secretFile: string;
  readonly passphraseFile: string | null;
  readonly change: 'subkey' | 'extend';
  /** Milliseconds until what is new ends, where a person told it. */
  readonly duration: number | undefined;
  /** The same for a recipient and for a signer, where nobody did. */
  readonly standard: Readonly<Record<RotateInputs['role'], number>>;
  readonly old: 'keep' | 'replace';
  /** The fingerprint that a person named, or its last digits. */
  readonly meant: string | undefined;
}

export interface PlannedRotation {
  readonly plan: Plan;
  readonly inputs: RotateInputs;
  /** The key as backups take it afterwards. The new subkey's own id is not known before it is made. */
  readonly ends: string | null;
  /** Other configured copies of the secret key, which will not open new sets. */
  readonly staleCopies: readonly string[];
}

/**
 * Plans a new encryption subkey or a later end where the secret key is; it is tried in memory, so that what would stop
 * it later stops it now, and nothing is written.
 * @throws {PosternError} exit 2 as `readSecretKey`, `renewKey`, `requireChangeable`, `requireCurrentSecret`, `mergeJudged`;
 * `key-not-configured`, `keys-differ`, `file-not-writable`
 */
export async function planRotation(
  context: OpenpgpContext,
  options: RotateOptions,
): Promise<PlannedRotation> {
  const now = context.clock.now();
  const { change, passphraseFile } = options;
  const secretKey = await readKeyFile(options.secretFile);
  const secretFile = await realpath(options.secretFile);
  const role = await roleOf(secretKey, now);
  const { fingerprint } = await knownKey(secretKey, [], now);
  requireMeant(fingerprint, options.meant);
  const publicFiles = [...(await filesOf(fingerprint, context.publicFiles, now))];
  const known = await knownKey(secretKey, publicFiles, now);
  requireChangeable(known, { role, change }, now);
  await requireCurrentSecret(known, secretKey, now);
  const { duration, standard } = options;
  const ends = endOf(known, { duration, change, standard: standard[role], now });
  for (const path of [secretFile, ...publicFiles]) await requireWritable(path);
  const passphrase = await context.passphrase(secretFile, passphraseFile);
  const { publicKey } = await renew({ passphrase, change, ends, now }, secretKey);
  const afterwards = await mergedFiles(publicKey, { publicFiles, role, now });
  const oldKeyIds = known.encryptionKeys.map(({ keyId }) => keyId);
  const inputs: RotateInputs = {
    fingerprint,
    role,
    change,
    secretFile,
    passphraseFile,
    keepOld: options.old === 'keep',
    ends: ends?.toISOString() ?? null,
    publicFiles,
    publicKey: null,
    oldKeyIds,
    needed: (change === 'subkey' ? await context.setsOpenedBy(oldKeyIds) : undefined) ?? null,
  };
  return {
    plan: await planOf(context, inputs),
    inputs,
    ends: afterwards[0]?.judged.ends ?? null,
    staleCopies: change === 'subkey' ? await otherCopies(context, fingerprint, secretFile) : [],
  };
}

/** Configured secret keys of the same fingerprint, other than the one that is rotated. */
export async function otherCopies(
  context: OpenpgpContext,
  fingerprint: string,
  secretFile: string | null,
): Promise<readonly string[]> {
  const copies: string[] = [];
  for (const path of new Set(context.secretFiles)) {
    if (secretFile !== null && (await realpath(path).catch(() => path)) === secretFile) continue;
    const copy = await readIfThere(path);
    if (copy === undefined) continue;
    if ((await knownKey(copy, [], context.clock.now())).fingerprint === fingerprint) copies.push(path);
  }
  return copies;
}

export async function planOf(context: OpenpgpContext, inputs: RotateInputs): Promise<Plan> {
  return createPlan(context, {
    kind: rotationKind,
    // No database has these keys: the plan is bound to the one that keeps it.
    target: await databaseTarget(await context.state()),
    inputs,
    steps: stepsOf(inputs),
    preconditions: await preconditionsOf(context, inputs),
    effects: {
      'encryption subkeys made': inputs.change === 'subkey' ? 1 : 0,
      'secret key files replaced': inputs.secretFile === null ? 0 : 1,
      'public key files written': inputs.publicFiles.length,
    },
  });
}

/** The keys are as they were when the plan was made, and the configuration names the same files of them. */
export async function preconditionsOf(
  context: OpenpgpContext,
  { fingerprint, secretFile }: RotateInputs,
): Promise<readonly Precondition[]> {
  const files: Record<string, string> = {};
  for (const path of await filesOf(fingerprint, context.publicFiles, context.clock.now()))
    files[path] = sha256Hex(await readKeyFile(path));
  return [
    ...(secretFile === null
      ? []
      : [precondition('public half of the secret key', await publicHalf(await readKeyFile(secretFile)))]),
    precondition('public key files', files),
  ];
}

function stepsOf({ fingerprint, role, change, ends, secretFile, publicFiles }: RotateInputs) {
  const step = (kind: string, summary: string) => ({ kind, summary, inputs: {} });
  const until = ends === null ? 'without an end' : `until ${ends.slice(0, 10)}`;
  const where = publicFiles.join(', ');
  const publish = step('publish', `publish ${role} ${fingerprint}: ${where}`);
  const verify = step('verify', `read it back as backups do: ${where}`);
  if (change === 'import') return [publish, verify];
  return [
    step(
      'prepare',
      change === 'subkey'
        ? `make an encryption subkey of ${fingerprint} ${until}, beside ${secretFile}`
        : `extend ${role} ${fingerprint} ${until}, beside ${secretFile}`,
    ),
    step(
      'prove',
      role === 'signer'
        ? 'sign with it, and check that'
        : 'open what is encrypted for the new and for the old keys',
    ),
    { ...publish, summary: `replace ${secretFile}, then ${publish.summary}` },
    verify,
  ];
}
