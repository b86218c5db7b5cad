import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag } from '../../lib/cli/flags.ts';
import { confirmName } from '../../lib/cli/prompt.ts';
import type { sandboxResetResult } from '../../lib/sandbox/result.ts';

export default class SandboxReset extends BaseCommand<typeof SandboxReset> {
  static override summary = 'remove a sandbox with all that is in it, backups and keys included';
  static override description =
    'Only what `sandbox up` made is removed. Asks for the name of the sandbox, or takes it from --confirm.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name other --confirm other',
  ];
  static override flags = {
    ...confirmFlag,
    ...dryRunFlag,
    name: Flags.string({ summary: 'which sandbox', default: 'default' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.refused,
    ExitCode.locked,
  ];
  static override result = async () => (await import('../../lib/sandbox/result.ts')).sandboxResetResult;

  async run(): Promise<z.infer<typeof sandboxResetResult>> {
    const { resetSandbox, sandboxPaths, sandboxStatus } = await import('../../lib/sandbox/index.ts');
    const { name } = this.flags;
    const paths = sandboxPaths(name);
    const { state } = await sandboxStatus(paths);
    if (state === 'absent' || this.flags['dry-run']) {
      this.print(state === 'absent' ? `sandbox ${name}: there is none` : `would remove ${paths.folder}`);
      return { name, folder: paths.folder, removed: false };
    }
    await confirmName(
      `this removes ${paths.folder}: databases, objects, backups and keys`,
      name,
      this.asking(),
    );
    await resetSandbox(paths);
    this.print(`sandbox ${name}: removed`);
    return { name, folder: paths.folder, removed: true };
  }
}
