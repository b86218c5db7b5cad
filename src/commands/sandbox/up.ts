import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { sandboxUpResult } from '../../lib/sandbox/result.ts';

export default class SandboxUp extends BaseCommand<typeof SandboxUp> {
  static override summary = 'start a PostgreSQL with a generated mail platform to try things on';
  static override description =
    'Makes the sandbox when there is none: a cluster, a local KMS, two local object stores, keys, and the profile sandbox. ' +
    'Starts it when it is down. The server goes on until `sandbox down`.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --scale 50k',
    '<%= config.bin %> <%= command.id %> --name other --seed 7 --port 5999',
  ];
  static override flags = {
    name: Flags.string({ summary: 'which sandbox; several can live side by side', default: 'default' }),
    scale: Flags.string({
      summary: 'messages in a new sandbox, from 1k to 10M; 1k unless told',
      helpValue: 'COUNT',
    }),
    seed: Flags.integer({
      summary: 'where the contents of a new sandbox follow from; 1 unless told',
      min: 0,
      max: 2 ** 31 - 1,
    }),
    port: Flags.integer({ summary: 'the port on 127.0.0.1; a free one unless told', min: 1, max: 65_535 }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.refused,
    ExitCode.locked,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/sandbox/result.ts')).sandboxUpResult;

  async run(): Promise<z.infer<typeof sandboxUpResult>> {
    const { parseScale, sandboxPaths, upSandbox } = await import('../../lib/sandbox/index.ts');
    const { name, scale, seed, port } = this.flags;
    const paths = sandboxPaths(name);
    const { outcome, manifest, server } = await upSandbox(paths, {
      progress: await this.progress(),
      signal: this.signal,
      ...(scale !== undefined && { messages: parseScale(scale) }),
      ...(seed !== undefined && { seed }),
      ...(port !== undefined && { port }),
    });
    const what = { created: 'made and started', started: 'started', 'already-up': 'up already' }[outcome];
    this.print(`sandbox ${name}: ${what}, PostgreSQL ${server.version} on 127.0.0.1:${server.port}`);
    this.print(`${manifest.messages.toLocaleString('en')} messages from seed ${manifest.seed}`);
    this.print(`configuration: ${paths.config}`);
    this.say(`look around: psql "$(${this.config.bin} sandbox url --name ${name})"`);
    return {
      name,
      outcome,
      folder: paths.folder,
      config: paths.config,
      seed: manifest.seed,
      messages: manifest.messages,
      postgres: server.version,
      port: server.port,
      pid: server.pid,
      rows: { ...manifest.rows },
    };
  }
}
