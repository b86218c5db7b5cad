import { Args } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { signatureFlags } from '../../lib/cli/signature-flags.ts';
import type { planSignatureResult } from '../../lib/operation/result.ts';

export default class PlanSign extends BaseCommand<typeof PlanSign> {
  static override summary = 'sign a plan as its author';
  static override description =
    'Where a plan needs approval, its author signs it, so that nobody can claim to be somebody else and approve it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --signature plan.json.asc',
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --key secret.asc',
  ];
  static override args = {
    id: Args.string({ description: "the plan's id, or its first digits", required: true, ignoreStdin: true }),
  };
  static override flags = { ...signatureFlags };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.integrity,
    ExitCode.refused,
  ];
  static override result = async () => (await import('../../lib/operation/result.ts')).planSignatureResult;

  async run(): Promise<z.infer<typeof planSignatureResult>> {
    const context = await this.context();
    const { operationContext } = await import('../../lib/cli/operation-context.ts');
    const { signPlan } = await import('../../lib/operation/approval.ts');
    const { loadPlan } = await import('../../lib/operation/plan-store.ts');
    const { planSignature } = await import('../../lib/cli/plan-signature.ts');
    const operation = await operationContext(context);
    const plan = await loadPlan(await operation.state(), this.args.id);
    const { signature, key, 'passphrase-file': passphraseFile } = this.flags;
    const source = { signature, key, passphraseFile };
    const signed = await signPlan(
      operation,
      plan.id,
      await planSignature(context, plan, source, this.asking()),
    );
    const { fingerprint, name } = signed.operator;
    this.say(`plan ${plan.id.slice(0, 12)} is signed by its author ${name} (${fingerprint})`);
    return { plan: plan.id, role: signed.role, fingerprint, name, signedAt: signed.signedAt.toISOString() };
  }
}
