import { type AuditContext, audited } from '../../audit/audited.ts';
import { usageError } from '../../base/error.ts';
import type { KeyUsage, KmsKey } from '../../cloud/kms.ts';
import type { KmsService } from '../../cloud/kms-service.ts';

/** Makes a KMS key. @throws {PosternError} exit 2, `description-empty`; as `Kms` */
export async function createKmsKey(
  context: AuditContext,
  kms: Pick<KmsService, 'createKey'>,
  { description, usage }: { readonly description: string; readonly usage: KeyUsage },
): Promise<KmsKey> {
  if (description.trim() === '') {
    throw usageError('a key without a description is one that nobody dares to destroy', {
      code: 'description-empty',
      hints: ['say what it is for: --description "data keys of mailboxes"'],
    });
  }
  const action = { action: 'key.kms.create', detail: { description, usage } };
  return audited(context, action, async (run) => {
    const key = await kms.createKey({ description, usage });
    run.note({ arn: key.arn });
    return key;
  });
}
