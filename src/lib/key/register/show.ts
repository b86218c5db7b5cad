import { usageError } from '../../base/error.ts';
import type { RegisterContext } from './context.ts';
import { type RegisterOptions, readRegister } from './register.ts';
import type { KeyRow, KeyShowResult } from './results.ts';

/**
 * The keys that a person means by an id, a name or the end of a fingerprint, and the data keys of a subject.
 * @throws {PosternError} exit 2, `key-unknown`, `keyring-unknown`
 */
export async function showKey(
  context: RegisterContext,
  options: RegisterOptions,
  { asked, subject }: { readonly asked: string; readonly subject: string | undefined },
): Promise<KeyShowResult> {
  const register = await readRegister(context, options);
  const keys = register.keys.filter((key) => isMeant(key, asked));
  // What could not be asked may be what was meant.
  if (keys.length === 0 && register.unasked.length === 0)
    throw usageError(`no key is called ${asked}`, {
      code: 'key-unknown',
      hints: ['`postern key list` shows the keys; `--json` shows their ids'],
    });
  const versions = subject === undefined ? [] : await subjectKeys(context, asked, subject);
  return { ...register, keys, versions };
}

function isMeant({ id, kind, name }: KeyRow, asked: string): boolean {
  const digits = asked.replaceAll(/\s|^0x/gi, '').toUpperCase();
  const isFingerprint = /^[0-9A-F]{16,40}$/.test(digits);
  return (
    id === asked ||
    name === asked ||
    id.slice(id.indexOf(':') + 1) === asked ||
    (isFingerprint && id.toUpperCase().endsWith(digits)) ||
    (ofKms.includes(kind) && (id.endsWith(`/${asked}`) || id.endsWith(`:${asked}`)))
  );
}

/** A key of the service is also called by the last part of its ARN. */
const ofKms: readonly KeyRow['kind'][] = ['kek', 'certificate-signer'];

/** @throws {PosternError} exit 2, `keyring-unknown` */
async function subjectKeys(
  { platform }: RegisterContext,
  asked: string,
  subject: string,
): Promise<KeyShowResult['versions']> {
  const { keyringsOf } = await import('../../platform/map/index.ts');
  const keyrings = platform === undefined ? [] : keyringsOf(await platform.map());
  const keyring = keyrings.find(({ table }) => table === asked);
  if (keyring?.subject === undefined || platform === undefined)
    throw usageError(`${asked} is no keyring with subjects`, {
      code: 'keyring-unknown',
      hints: [`give --subject with one of: ${keyrings.map(({ table }) => table).join(', ')}`],
    });
  const { versionsOf } = await import('./read-keyrings.ts');
  const db = await platform.open();
  try {
    return await versionsOf(db, keyring, subject);
  } finally {
    await db.end().catch(() => {});
  }
}
