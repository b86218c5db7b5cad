import { Flags } from '@oclif/core';
import type { BackupPolicyResult } from '../../lib/backup/policy/results.ts';
import { policyRoles } from '../../lib/backup/policy.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';

export default class BackupPolicy extends BaseCommand<typeof BackupPolicy> {
  static override summary = 'print the least rights that a destination needs, as IAM and bucket policies';
  static override description =
    'One policy for the user or role that writes backups, which may neither read nor delete them, one for the one that verifies and restores, one for the one that also wraps old sets for new recipients, one for the one that prunes, and one for the bucket, which holds against everybody. Made from the configuration alone: nothing is asked and nothing is changed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --destination offsite --role writer > writer.json',
    '<%= config.bin %> <%= command.id %> --destination offsite --role bucket --writer-arn arn:aws:iam::111122223333:user/backup',
    '<%= config.bin %> <%= command.id %> --destination offsite --json',
  ];
  static override flags = {
    destination: Flags.string({
      summary: 'the destination, as the configuration names it',
      helpValue: 'NAME',
      required: true,
    }),
    role: Flags.option({ options: policyRoles })({
      summary: 'print this policy only, as AWS takes it; all of them under their names unless told',
    }),
    'writer-arn': Flags.string({
      summary: 'the user or role that writes; the bucket then refuses it everything else',
      helpValue: 'ARN',
    }),
  };
  static override result = async () =>
    (await import('../../lib/backup/policy/results.ts')).backupPolicyResult;

  async run(): Promise<BackupPolicyResult> {
    const { leastPolicies } = await import('../../lib/backup/policy.ts');
    const { policyTarget } = await import('../../lib/cli/backup-policy.ts');
    const { destination, role, 'writer-arn': writerArn } = this.flags;
    const target = policyTarget(await this.context(), destination, writerArn);
    const all = leastPolicies(target);
    const policies = role === undefined ? all : { [role]: all[role] };
    this.print(JSON.stringify(role === undefined ? all : all[role], null, 2));
    return { destination, bucket: target.bucket, policies } as BackupPolicyResult;
  }
}
