import type { Kms } from './kms.ts';
import type { KmsAccess } from './kms-access.ts';
import type { KmsAdmin } from './kms-admin.ts';
import type { KmsAliases } from './kms-aliases.ts';
import type { KmsRotation } from './kms-rotation.ts';

/** All that an adapter fulfils. Ask for the narrowest port instead: `Kms` where keys are only used. */
export interface KmsService extends Kms, KmsAdmin, KmsRotation, KmsAliases {
  /** Undefined where there are no principals: who opens a file of keys may use all of them. */
  readonly access: KmsAccess | undefined;
}
