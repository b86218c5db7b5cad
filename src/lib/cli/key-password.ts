import { usageError } from '../base/error.ts';
import { folderOf } from '../config/load.ts';
import type { PasswordSettings } from '../config/password-settings.ts';
import { hookPlace } from '../key/password/hook.ts';
import type { ManagedPassword, PasswordContext } from '../key/password/index.ts';
import type { Ownership } from '../key/password/ownership.ts';
import type { Place } from '../key/password/place.ts';
import { filePlace, kmsFilePlace, userlistPlace } from '../key/password/places.ts';
import { plainFile, type Seal, sealedFile } from '../key/password/secret-file.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';

const day = 86_400_000;

/** All that rotating passwords needs. @throws {PosternError} exit 2 */
export async function passwordContext(context: PosternContext): Promise<PasswordContext> {
  return {
    ...(await operationContext(context)),
    password: (name) => managedPassword(context, name),
    stateLogin: async () => {
      const { username, host } = new URL(await context.secret('state', context.settings('state').url));
      return { role: decodeURIComponent(username), server: host };
    },
  };
}

/** The names under `keys.passwords`, in the order of the configuration. */
export function passwordNames(context: PosternContext): readonly string[] {
  return Object.keys(context.config.profile.keys?.passwords ?? {});
}

/** The name under `keys.passwords` that a person means by it or by one of its roles. @throws {PosternError} exit 2 */
export function passwordName(context: PosternContext, wanted: string): string {
  const passwords = context.config.profile.keys?.passwords ?? {};
  if (passwords[wanted] !== undefined) return wanted;
  const [found, other] = Object.entries(passwords).filter(([, { roles }]) => roles.includes(wanted));
  if (found !== undefined && other === undefined) return found[0];
  const names = Object.keys(passwords);
  throw usageError(
    `the profile ${context.profile} has no keys.passwords.${wanted}, and no role of that name`,
    {
      code: 'not-configured',
      hints: [
        names.length === 0
          ? `add keys.passwords to ${context.config.file}; docs/passwords.md shows how`
          : `there are: ${names.join(', ')}`,
      ],
    },
  );
}

function managedPassword(context: PosternContext, name: string): ManagedPassword {
  const settings = context.config.profile.keys?.passwords?.[name];
  if (settings === undefined) {
    throw usageError(`the profile ${context.profile} has no keys.passwords.${name}`, {
      code: 'not-configured',
      hints: [`add it to ${context.config.file}; docs/passwords.md shows how`],
    });
  }
  const { admin_url: adminUrl, login_url: url, cryptoperiod, password_bytes: bytes } = settings;
  return {
    name,
    roles: settings.roles,
    adminUrl: () => (adminUrl === undefined ? context.platformWriteUrl() : context.secret('keys', adminUrl)),
    ...(url === undefined ? {} : { loginUrl: url }),
    passwordBytes: bytes ?? 32,
    cryptoperiod: cryptoperiod ?? context.config.profile.keys?.cryptoperiods?.password ?? 90 * day,
    pending: pendingFile(context, name, settings),
    places: places(context, name, settings),
  };
}

/** As safe as the place beside which it waits: sealed unless a file gets the password in clear. */
function pendingFile(context: PosternContext, name: string, settings: PasswordSettings) {
  const { file, kms_file: kmsFile, pending } = settings;
  const beside = file?.path ?? kmsFile?.path ?? '';
  const path = context.path('keys', pending ?? `${beside}.next`);
  const onlyUs = { mode: 0o600, ...ourselves() };
  return file === undefined && kmsFile !== undefined
    ? sealedFile(path, seal(context, name, kmsFile.kms_key, 'pending'), onlyUs)
    : plainFile(path, onlyUs);
}

function ourselves(): Ownership {
  const [owner, group] = [process.getuid?.(), process.getgid?.()];
  return owner === undefined || group === undefined ? {} : { owner, group };
}

function places(context: PosternContext, name: string, settings: PasswordSettings): readonly Place[] {
  const { file, kms_file: kmsFile, userlist, hook, roles } = settings;
  const at = (path: string): string => context.path('keys', path);
  const found: Place[] = [];
  // A pooler must know the verifier before somebody comes with the password.
  if (userlist !== undefined) found.push(userlistPlace(plainFile(at(userlist.path), ownership(userlist))));
  if (kmsFile !== undefined) {
    const sealing = seal(context, name, kmsFile.kms_key, 'published');
    found.push(kmsFilePlace(sealedFile(at(kmsFile.path), sealing, ownership(kmsFile))));
  }
  if (file !== undefined)
    found.push(filePlace(plainFile(at(file.path), ownership(file)), file.template ?? '{password}', roles));
  if (hook !== undefined) {
    const { command, timeout = 30_000 } = hook;
    const folder = folderOf(context.config, 'keys');
    found.push(hookPlace({ name, profile: context.profile, command, folder, timeout }));
  }
  return found;
}

function seal(context: PosternContext, name: string, keyId: string, purpose: 'published' | 'pending'): Seal {
  return {
    keyId,
    context: { 'postern-purpose': `password-${purpose}`, profile: context.profile, name },
    kms: () => context.kms(),
  };
}

function ownership(settings: {
  readonly mode?: string | undefined;
  readonly owner?: string | number | undefined;
  readonly group?: string | number | undefined;
}): Ownership {
  const { mode, owner, group } = settings;
  return {
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  };
}
