import { Args } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { tableFlags } from '../../../lib/cli/flags.ts';
import { watchFlags } from '../../../lib/cli/watch/watch-flags.ts';
import type { KeyPasswordCheckResult } from '../../../lib/key/password/results.ts';

export default class KeyPasswordCheck extends BaseCommand<typeof KeyPasswordCheck> {
  static override summary = 'say whether database passwords are young and kept as they should be';
  static override description =
    'Changes nothing. Exit 3 where one is overdue or was never rotated, is kept as md5 or missing, is no longer valid, has two roles that are not alike, or a rotation that is not finished; exit 4 where a server cannot be asked. How a password is kept is seen by superusers only, and otherwise unknown.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> app --json',
    '<%= config.bin %> <%= command.id %> --prometheus /var/lib/prometheus/node-exporter/passwords.prom',
  ];
  static override args = {
    name: Args.string({
      description: 'the name under keys.passwords, or one of its roles; all of them unless given',
      ignoreStdin: true,
    }),
  };
  static override flags = { ...tableFlags, ...watchFlags };
  static override exitCodes = [0, 1, 2, 3, 4, 130] as const;
  static override result = async () =>
    (await import('../../../lib/key/password/results.ts')).keyPasswordCheckResult;

  async run(): Promise<KeyPasswordCheckResult> {
    const { passwordContext, passwordName, passwordNames } = await import('../../../lib/cli/key-password.ts');
    const { passwordColumns } = await import('../../../lib/cli/key-password-text.ts');
    const { passwordKeys } = await import('../../../lib/key/password/index.ts');
    const context = await this.context();
    const { name } = this.args;
    const names = name === undefined ? passwordNames(context) : [passwordName(context, name)];
    const passwords = await passwordKeys(await passwordContext(context), names);
    await this.printTable(passwords, passwordColumns, 'no password is configured under keys.passwords');
    for (const { findings, unknown } of passwords) {
      for (const { text } of findings) this.say(text);
      for (const text of unknown) this.addWarning(text);
    }
    for (const password of passwords) {
      if (password.ageSeconds === null) continue;
      this.gauge({
        name: 'postern_key_password_age_seconds',
        help: 'Since the last rotation of a database password.',
        labels: { name: password.name },
        value: password.ageSeconds,
      });
    }
    if (passwords.some(({ verdict }) => verdict === 'unknown')) this.endWith(ExitCode.incomplete);
    if (passwords.some(({ verdict }) => verdict === 'findings')) this.endWith(ExitCode.findings);
    return { passwords: [...passwords] };
  }
}
