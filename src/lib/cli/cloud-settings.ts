import { usageError } from '../base/error.ts';
import type { KmsSettings, ObjectStoreSettings } from '../cloud/index.ts';
import type { StoreSettings } from '../config/schema.ts';
import type { PosternContext } from './context.ts';

/** What the adapter of a named store needs, with its secrets read. @throws {PosternError} exit 2 */
export async function storeSettings(context: PosternContext, name: string): Promise<ObjectStoreSettings> {
  const stores = context.settings('stores');
  const found = stores[name];
  if (found === undefined) {
    throw usageError(`the profile ${context.profile} has no store ${name}`, {
      code: 'not-configured',
      hints: [`its stores are: ${Object.keys(stores).join(', ')}`],
    });
  }
  if (found.adapter === 'local') {
    const { durability } = found;
    return { adapter: 'local', path: context.path('stores', found.path), ...defined({ durability }) };
  }
  const { bucket, prefix, region, endpoint, checksum } = found;
  const { path_style: pathStyle, conditional_put: conditionalPut } = found;
  const credentials = await awsCredentials(context, 'stores', found.credentials);
  return {
    adapter: 's3',
    bucket,
    ...defined({ prefix, region, endpoint, pathStyle, checksum, conditionalPut, credentials }),
  };
}

/** What the configured key management service needs, with its secrets read. @throws {PosternError} exit 2 */
export async function kmsSettings(context: PosternContext): Promise<KmsSettings> {
  const kms = context.settings('kms');
  if (kms.adapter === 'aws') {
    const { region, endpoint } = kms;
    return {
      adapter: 'aws',
      ...defined({ region, endpoint, credentials: await awsCredentials(context, 'kms', kms.credentials) }),
    };
  }
  const passphrase = kms.passphrase === undefined ? undefined : await context.secret('kms', kms.passphrase);
  const path = context.path('kms', kms.path);
  if (kms.openpgp_key === undefined)
    return { adapter: 'local', path, unlock: { passphrase: passphrase ?? '' } };
  const secretKey = await context.readText('kms', kms.openpgp_key);
  return { adapter: 'local', path, unlock: { secretKey, ...defined({ passphrase }) } };
}

type Credentials = Extract<StoreSettings, { adapter: 's3' }>['credentials'];

async function awsCredentials(context: PosternContext, part: 'stores' | 'kms', credentials: Credentials) {
  if (credentials === undefined) return undefined;
  if ('profile' in credentials) return { profile: credentials.profile };
  return {
    accessKeyId: await context.secret(part, credentials.access_key_id),
    secretAccessKey: await context.secret(part, credentials.secret_access_key),
    ...defined({
      sessionToken:
        credentials.session_token === undefined
          ? undefined
          : await context.secret(part, credentials.session_token),
    }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined: "left out" and "undefined" are two things to the adapters' types. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}
