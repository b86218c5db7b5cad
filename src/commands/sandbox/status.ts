import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { sandboxStatusResult } from '../../lib/sandbox/result.ts';

export default class SandboxStatus extends BaseCommand<typeof SandboxStatus> {
  static override summary = 'say whether a sandbox is there and runs, and what is in it';
  static override description =
    'Looks at the files and the process only, so it answers when the server does not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name other --json',
  ];
  static override flags = { name: Flags.string({ summary: 'which sandbox', default: 'default' }) };
  static override result = async () => (await import('../../lib/sandbox/result.ts')).sandboxStatusResult;

  async run(): Promise<z.infer<typeof sandboxStatusResult>> {
    const { sandboxPaths, sandboxStatus } = await import('../../lib/sandbox/index.ts');
    const { name } = this.flags;
    const paths = sandboxPaths(name);
    const { state, pid, port, manifest } = await sandboxStatus(paths);
    this.print(`sandbox ${name}: ${state}${state === 'up' ? ` on 127.0.0.1:${port}, pid ${pid}` : ''}`);
    if (manifest !== undefined) {
      this.print(`${manifest.messages.toLocaleString('en')} messages from seed ${manifest.seed}`);
      this.print(`configuration: ${paths.config}`);
    }
    return {
      name,
      state,
      folder: paths.folder,
      config: paths.config,
      seed: manifest?.seed ?? null,
      messages: manifest?.messages ?? null,
      port: port ?? null,
      pid: pid ?? null,
      rows: manifest === undefined ? null : { ...manifest.rows },
    };
  }
}
