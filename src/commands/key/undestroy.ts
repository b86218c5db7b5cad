import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { yesFlag } from '../../lib/cli/flags.ts';
import type { KeyUndestroyResult } from '../../lib/key/destroy/results.ts';

export default class KeyUndestroy extends BaseCommand<typeof KeyUndestroy> {
  static override summary = 'take the destruction of a KMS key back while it is pending';
  static override description =
    'Cancels the destruction, and enables the key. It runs at once, without a plan, since the time runs out; the audit log has it. Before the key can be destroyed again, it has to be retired again.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234',
  ];
  static override args = {
    key: Args.string({
      description: 'id or ARN of the KMS key, or its id or name as `key list` has it',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { ...yesFlag };
  static override exitCodes = [0, 1, 2, 6, 7, 130] as const;
  static override result = async () => (await import('../../lib/key/destroy/results.ts')).keyUndestroyResult;

  async run(): Promise<KeyUndestroyResult> {
    const { destroyContext } = await import('../../lib/cli/key-destroy-context.ts');
    const { takeBack } = await import('../../lib/cli/key-destroy.ts');
    const context = await this.context();
    const operation = await destroyContext(context);
    const key = await takeBack(context, operation, this.args.key, this.asking());
    this.print(`${key} is enabled, and will not be destroyed`);
    return { key, state: 'enabled' };
  }
}
