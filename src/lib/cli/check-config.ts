import { access } from 'node:fs/promises';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { checkDatabaseUrl } from '../base/postgres.ts';
import type { ProfileSettings } from '../config/schema.ts';
import type { PosternContext } from './context.ts';
import { explainError } from './report-error.ts';

export interface ConfigProblem {
  readonly where: string;
  readonly message: string;
  readonly hint: string | null;
}

type Part = keyof ProfileSettings;

/** Secrets that are URLs of a database. */
const urlKeys: ReadonlySet<string> = new Set(['url', 'owner_url', 'restore_url']);

/** Keys whose value is a secret reference, and keys whose value is the path of a file that must be there. */
const secretKeys: ReadonlySet<string> = new Set([
  ...urlKeys,
  'passphrase',
  'secret_key_passphrase',
  'access_key_id',
  'secret_access_key',
  'session_token',
]);
const fileKeys: ReadonlySet<string> = new Set([
  'map',
  'recipients',
  'secret_key',
  'secret_keys',
  'trusted_signers',
  'openpgp_key',
  'key',
  'trust',
  'pg_dump',
]);

/** Reads all secrets and files that a profile names, and judges the backup's keys. Nothing is connected to. */
export async function checkConfig(
  context: PosternContext,
): Promise<{ readonly checked: number; readonly problems: readonly ConfigProblem[] }> {
  const problems: ConfigProblem[] = [];
  let checked = 0;
  const keep = async (where: string, work: () => Promise<unknown>): Promise<void> => {
    checked += 1;
    try {
      await work();
    } catch (error) {
      const { message, hints, isBug } = explainError(error);
      if (isBug) throw error;
      problems.push({ where, message, hint: hints[0] ?? null });
    }
  };
  const { subjects, ...others } = context.config.profile;
  for (const [part, settings] of Object.entries(others)) {
    for (const { where, key, value } of leaves(settings, part)) {
      if (secretKeys.has(key)) {
        await keep(where, async () => {
          const secret = await context.secret(part as Part, value);
          if (urlKeys.has(key)) checkDatabaseUrl(secret, `${part} database`);
        });
      }
      if (fileKeys.has(key)) await keep(where, () => requireFile(context.path(part as Part, value)));
    }
  }
  if (subjects !== undefined) {
    const { pseudonymKeys, subjectKeys } = await import('./subject-keys.ts');
    await keep('subjects.hmac_keys', () => subjectKeys(context));
    await keep('subjects.pseudonym_keys', () => pseudonymKeys(context));
  }
  if (context.config.profile.backup !== undefined) {
    await keep('backup.destinations', async () => context.settings('backup'));
    // A key file that is missing has been told of; what is in the others is looked at now.
    if (problems.length === 0) {
      const { backupKeys } = await import('./backup-context.ts');
      await keep('backup', () => backupKeys(context));
    }
  }
  return { checked, problems };
}

interface Leaf {
  readonly where: string;
  /** The nearest name: for an item of a list, the list's. */
  readonly key: string;
  readonly value: string;
}

function leaves(value: unknown, where: string, key = where): readonly Leaf[] {
  if (typeof value === 'string') return [{ where, key, value }];
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${where}[${index}]`, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => leaves(item, `${where}.${name}`, name));
}

async function requireFile(path: string): Promise<void> {
  await access(path).catch((error: unknown) => {
    throw usageError(`${path} cannot be read: ${fileProblem(error)}`, {
      code: 'file-unreadable',
      cause: error,
    });
  });
}
