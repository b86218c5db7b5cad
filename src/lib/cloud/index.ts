import type { AwsKmsOptions } from './aws/kms.ts';
import type { S3ObjectStoreOptions } from './aws/object-store.ts';
import type { KmsService } from './kms-service.ts';
import type { LocalKmsOptions } from './local/kms.ts';
import type { LocalObjectStoreOptions } from './local/object-store.ts';
import type { ObjectStore } from './object-store.ts';

export type { AwsKmsOptions } from './aws/kms.ts';
export type { S3ObjectStoreOptions } from './aws/object-store.ts';
export type { LocalKmsOptions } from './local/kms.ts';
export type { LocalObjectStoreOptions } from './local/object-store.ts';

/** Which object store, and what its adapter needs. Credentials stand here in clear: build it late, print it never. */
export type ObjectStoreSettings =
  | ({ readonly adapter: 'local' } & LocalObjectStoreOptions)
  | ({ readonly adapter: 's3' } & S3ObjectStoreOptions);

export type KmsSettings =
  | ({ readonly adapter: 'local' } & LocalKmsOptions)
  | ({ readonly adapter: 'aws' } & AwsKmsOptions);

/** Opens an object store; only the chosen adapter and its SDK are loaded. Errors as the adapter's. */
export async function openObjectStore(settings: ObjectStoreSettings): Promise<ObjectStore> {
  if (settings.adapter === 'local')
    return (await import('./local/object-store.ts')).openLocalObjectStore(settings);
  return (await import('./aws/object-store.ts')).openS3ObjectStore(settings);
}

/** Opens a key management service; only the chosen adapter and its SDK are loaded. Errors as the adapter's. */
export async function openKms(settings: KmsSettings): Promise<KmsService> {
  if (settings.adapter === 'local') return (await import('./local/kms.ts')).openLocalKms(settings);
  return (await import('./aws/kms.ts')).openAwsKms(settings);
}
