import { Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { yesFlag } from '../../../lib/cli/flags.ts';
import type { KeyKmsCreateResult } from '../../../lib/key/kek/create-result.ts';

export default class KeyKmsCreate extends BaseCommand<typeof KeyKmsCreate> {
  static override summary = 'make a key in the key management service';
  static override description =
    'A further key, to take over from another (`key rotate kek --to`, `key compromise --to`), or one that signs certificates. In a file of keys it is there at once. On AWS it gets the default policy, which leaves everything to the policies of the account: where keys are made by other tools, make it there.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --description "data keys of mailboxes, 2027"',
    '<%= config.bin %> <%= command.id %> --description "signs certificates" --usage sign --yes',
  ];
  static override flags = {
    ...yesFlag,
    description: Flags.string({ summary: 'what it is for', helpValue: 'TEXT', required: true }),
    usage: Flags.option({ options: ['encrypt', 'sign'] as const, default: 'encrypt' as const })({
      summary: 'encrypt: AES-256. sign: ECDSA on P-256',
    }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.refused,
    ExitCode.interrupted,
  ];
  static override result = async () =>
    (await import('../../../lib/key/kek/create-result.ts')).keyKmsCreateResult;

  async run(): Promise<KeyKmsCreateResult> {
    const { createKmsKey } = await import('../../../lib/key/kek/create.ts');
    const { operationContext } = await import('../../../lib/cli/operation-context.ts');
    const { confirmYes } = await import('../../../lib/cli/prompt.ts');
    const context = await this.context();
    const { description, usage } = this.flags;
    await confirmYes(`profile ${context.profile}; make a KMS key: go on?`, this.asking());
    const key = await createKmsKey(await operationContext(context), await context.kms(), {
      description,
      usage,
    });
    this.print(key.arn);
    return { keyId: key.keyId, arn: key.arn, usage: key.usage, description };
  }
}
