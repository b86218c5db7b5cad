import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { redactUrl } from '../../lib/base/postgres.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { sandboxUrlResult } from '../../lib/sandbox/result.ts';

const roles = ['superuser', 'platform', 'writer', 'app', 'state', 'state-owner'] as const;

export default class SandboxUrl extends BaseCommand<typeof SandboxUrl> {
  static override summary = "print the connection URL of a sandbox's database, with its password";
  static override description =
    'For psql and the like. Under --json the password is left out, and `file` names where it is.';
  static override examples = [
    'psql "$(<%= config.bin %> <%= command.id %>)"',
    '<%= config.bin %> <%= command.id %> --role state',
  ];
  static override flags = {
    name: Flags.string({ summary: 'which sandbox', default: 'default' }),
    role: Flags.option({ options: roles, default: 'superuser' as const })({ summary: 'as whom' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/sandbox/result.ts')).sandboxUrlResult;

  async run(): Promise<z.infer<typeof sandboxUrlResult>> {
    const { readUrl, requireUp, sandboxPaths, secretPath } = await import('../../lib/sandbox/index.ts');
    const { name, role } = this.flags;
    const paths = sandboxPaths(name);
    await requireUp(paths);
    const url = await readUrl(paths, role);
    this.print(url);
    return { name, role, url: redactUrl(url), file: secretPath(paths, role) };
  }
}
