import { Flags } from '@oclif/core';
import { z } from 'zod';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { redact } from '../../lib/cli/redact.ts';

const result = z.strictObject({
  file: z.string(),
  profile: z.string(),
  profiles: z.array(z.string()),
  /** The profile's settings, with secrets as the references that stand in the file. */
  settings: z.record(z.string(), z.unknown()),
  origins: z.record(z.string(), z.string()),
});

export default class ConfigShow extends BaseCommand<typeof ConfigShow> {
  static override summary = 'show the configuration that is in force';
  static override description =
    "Flags stand above the environment, the environment above ./postern.yaml, and that above the user's own file; each part of a profile comes whole from the first that has it. Secrets are shown as references, never as values.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> --origin',
    '<%= config.bin %> <%= command.id %> --profile staging --json',
  ];
  static override flags = { origin: Flags.boolean({ summary: 'tell where each part comes from' }) };
  static override exitCodes = [0, 2] as const;
  static override result = async () => result;

  async run(): Promise<z.infer<typeof result>> {
    const { stringify } = await import('yaml');
    const { config } = await this.context();
    const { file, profileName, profileNames, profile, origins } = config;
    this.print(`# profile ${profileName}, chosen by ${config.profileOrigin}`);
    for (const [part, value] of Object.entries(profile)) {
      const url = origins[`${part}.url`];
      if (this.flags.origin && origins[part] !== undefined) this.print(`# from ${origins[part]}`);
      if (this.flags.origin && url !== undefined) this.print(`# its url from the ${url}`);
      this.print(stringify(redact({ [part]: value })).trimEnd());
    }
    return { file, profile: profileName, profiles: [...profileNames], settings: profile, origins };
  }
}
