import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { type KmsServer, kmsContract } from './kms.ts';
import { kmsAliasContract } from './kms-aliases.ts';
import { kmsRewrapContract } from './kms-rewrap.ts';
import { kmsRotationContract } from './kms-rotation.ts';

/** Everything that every adapter promises; `kmsAccessContract` is for those with principals. */
export function kmsServiceContract(title: string, server: KmsServer, make: () => KmsService): void {
  kmsContract(title, server, make);
  kmsRotationContract(title, server, make);
  kmsRewrapContract(title, server, make);
  kmsAliasContract(title, server, make);
}
