import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { sandboxDownResult } from '../../lib/sandbox/result.ts';

export default class SandboxDown extends BaseCommand<typeof SandboxDown> {
  static override summary = "stop a sandbox's server and keep its data";
  static override description =
    '`sandbox up` starts it again with the same contents; `sandbox reset` removes it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name other',
  ];
  static override flags = { name: Flags.string({ summary: 'which sandbox', default: 'default' }) };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.locked];
  static override result = async () => (await import('../../lib/sandbox/result.ts')).sandboxDownResult;

  async run(): Promise<z.infer<typeof sandboxDownResult>> {
    const { downSandbox, sandboxPaths } = await import('../../lib/sandbox/index.ts');
    const { name } = this.flags;
    const { stopped } = await downSandbox(sandboxPaths(name));
    this.print(`sandbox ${name}: ${stopped ? 'stopped' : 'was not running'}`);
    return { name, stopped };
  }
}
