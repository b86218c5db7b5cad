import type { KmsService } from '../kms-service.ts';
import { type AwsClientOptions, clientConfig } from './client.ts';
import { awsKmsAccess } from './kms-access.ts';
import { awsKmsAdmin } from './kms-admin.ts';
import { awsKmsAliases } from './kms-aliases.ts';
import { kmsCalls } from './kms-calls.ts';
import { awsKmsRotation } from './kms-rotation.ts';
import { awsKmsUse } from './kms-use.ts';

export type AwsKmsOptions = AwsClientOptions;

/**
 * AWS KMS, or what speaks its protocol at an endpoint. Nothing is asked of it yet. Its methods throw, beside the codes of
 * the ports, `kms-alias` (exit 2), `kms-credentials`, `kms-unreachable`, `kms-unavailable`, `kms-region-missing`,
 * `kms-failed`.
 */
export async function openAwsKms(options: AwsKmsOptions): Promise<KmsService> {
  const sdk = await import('@aws-sdk/client-kms');
  const client = new sdk.KMSClient(clientConfig(options));
  const location = options.endpoint ?? `aws-kms:${options.region ?? 'default region'}`;
  const onceClient = () => new sdk.KMSClient({ ...clientConfig(options), maxAttempts: 1 });
  const calls = kmsCalls({ sdk, client, onceClient, location });
  return {
    ...awsKmsUse(calls),
    ...awsKmsAdmin(calls),
    ...awsKmsRotation(calls),
    ...awsKmsAliases(calls),
    access: awsKmsAccess(calls),
  };
}
