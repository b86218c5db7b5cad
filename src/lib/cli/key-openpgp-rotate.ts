import { resolve } from 'node:path';
import { PosternError, usageError } from '../base/error.ts';
import { defaultCryptoperiods } from '../config/cryptoperiod-settings.ts';
import type { OpenpgpContext, PlannedRotation, RotateOptions } from '../key/openpgp/index.ts';
import type { KeyRotateOpenpgpResult } from '../key/openpgp/results.ts';
import type { PosternContext } from './context.ts';
import { durationFlag } from './duration-flag.ts';
import { passphraseFile } from './passphrase.ts';
import { readInput } from './plan-signature.ts';
import { type Asking, confirmYes } from './prompt.ts';
import type { SubmittedPlan } from './submit-plan.ts';

interface RotateFlags {
  readonly 'secret-key': string | undefined;
  readonly 'passphrase-file': string | undefined;
  readonly expires: string | undefined;
  readonly 'extend-only': boolean;
  readonly 'keep-old': boolean;
  readonly import: string | undefined;
  readonly 'dry-run': boolean;
}

interface PlanFlags extends RotateFlags {
  readonly 'plan-only': boolean;
}

/** What `submitted` does, or will do, to the key. */
interface SubmittedRotation {
  readonly submitted: SubmittedPlan;
  readonly key: Omit<KeyRotateOpenpgpResult, 'plan' | 'outcome' | 'certificate' | 'body'>;
}

/** Plans and submits what the flags ask for. @throws {PosternError} as `planRotation`, `planImport` and `submitPlan` */
export async function submitByFlags(
  context: PosternContext,
  flags: PlanFlags,
  key: string | undefined,
  asking: Asking,
): Promise<SubmittedRotation> {
  const { openpgpRotation, publishedKeyId } = await import('../key/openpgp/index.ts');
  const { openpgpContext } = await import('./key-openpgp.ts');
  const { planModeOf } = await import('./report-submitted.ts');
  const { submitPlan } = await import('./submit-plan.ts');
  const operation = await openpgpContext(context);
  const { plan, inputs, ends, staleCopies } = await planByFlags(context, operation, flags, key);
  const mode = planModeOf(flags);
  const submitted = await submitPlan(context, { operation, kind: openpgpRotation, plan, mode, asking });
  const { fingerprint, role, change, secretFile, publicFiles, oldKeyIds, needed } = inputs;
  const about = { fingerprint, role, change, ends, secretFile, publicFiles, oldKeyIds, needed };
  const encryptionKeyId = submitted.applied ? await publishedKeyId(operation, plan) : null;
  return { submitted, key: { ...about, encryptionKeyId, staleCopies: [...staleCopies] } };
}

async function planByFlags(
  context: PosternContext,
  operation: OpenpgpContext,
  flags: RotateFlags,
  key: string | undefined,
): Promise<PlannedRotation> {
  const { planImport, planRotation } = await import('../key/openpgp/index.ts');
  const meant = await meantKey(key);
  if (flags.import !== undefined) return planImport(operation, { file: flags.import, meant });
  const file = flags['passphrase-file'];
  return planRotation(operation, {
    ...optionsOf(flags, meant, standardPeriods(context)),
    passphraseFile: file === undefined ? null : resolve(file),
  });
}

/** Rotates without configuration and plan, once the person agrees. @throws {PosternError} exit 2, 5 and 6 as `prepareElsewhere` */
export async function rotateByFlags(
  flags: RotateFlags & { readonly 'public-out': string },
  key: string | undefined,
  asking: Asking,
): Promise<KeyRotateOpenpgpResult> {
  const { prepareElsewhere } = await import('../key/openpgp/index.ts');
  const options = optionsOf(flags, await meantKey(key), standardPeriods());
  const publicOut = resolve(flags['public-out']);
  const passphrase = await typedPassphrase(options.secretFile, { file: flags['passphrase-file'], asking });
  const { rotate, oldKeyIds, ...known } = await prepareElsewhere(
    { ...options, passphrase, publicOut },
    new Date(),
  );
  const isDry = flags['dry-run'];
  if (!isDry) {
    const what = options.change === 'subkey' ? 'give a new encryption subkey to' : 'move the end of';
    const where = `replace ${known.secretFile}, write ${publicOut}`;
    await confirmYes(`${what} ${known.fingerprint}; ${where}: go on?`, asking);
  }
  return {
    plan: null,
    outcome: isDry ? 'not stored' : 'applied',
    certificate: null,
    body: null,
    ...known,
    encryptionKeyId: isDry ? null : await rotate(),
    change: options.change,
    oldKeyIds: [...oldKeyIds],
    publicFiles: [publicOut],
    needed: null,
    staleCopies: [],
  };
}

function optionsOf(
  flags: RotateFlags,
  meant: string | undefined,
  standard: RotateOptions['standard'],
): Omit<RotateOptions, 'passphraseFile'> {
  const secretFile = flags['secret-key'];
  if (secretFile === undefined) {
    throw usageError('there is no key to rotate', {
      code: 'usage',
      hints: ['give --secret-key FILE, or --import FILE with what was made where that is'],
    });
  }
  return {
    secretFile,
    meant,
    standard,
    change: flags['extend-only'] ? 'extend' : 'subkey',
    duration: durationFlag('expires', flags.expires),
    old: flags['keep-old'] ? 'keep' : 'replace',
  };
}

/** How long a key lasts unless somebody tells; milliseconds. */
function standardPeriods(context?: PosternContext): RotateOptions['standard'] {
  const { openpgp, signer } = context?.config.profile.keys?.cryptoperiods ?? {};
  return {
    recipient: openpgp ?? defaultCryptoperiods.openpgp,
    signer: signer ?? defaultCryptoperiods.signer,
  };
}

/** The digits of a fingerprint: given as such, or by a file with the key. @throws {PosternError} exit 2 */
async function meantKey(asked: string | undefined): Promise<string | undefined> {
  if (asked === undefined) return undefined;
  const digits = asked.replaceAll(/\s|^0x/gi, '').toUpperCase();
  if (/^[0-9A-F]{16,40}$/.test(digits)) return digits;
  const { describeKey } = await import('../crypto/openpgp-key-description.ts');
  return (await describeKey(await readInput(asked, 'key'), new Date())).fingerprint;
}

/** For a rotation where nobody but the person at the terminal knows it; undefined for a key that is not locked. */
async function typedPassphrase(
  secretFile: string,
  { file, asking }: { readonly file: string | undefined; readonly asking: Asking },
): Promise<string | undefined> {
  if (file !== undefined) return passphraseFile(file);
  const { readSecretKey } = await import('../crypto/openpgp-secret-key.ts');
  try {
    await readSecretKey(await readInput(secretFile, 'secret-key'));
    return undefined;
  } catch (error) {
    if (!asking.isInteractive || !(error instanceof PosternError) || error.code !== 'secret-key-locked')
      throw error;
    const { password } = await import('@inquirer/prompts');
    return password({ message: 'passphrase of the key:' }, { output: process.stderr, signal: asking.signal });
  }
}
