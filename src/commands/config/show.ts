import { Flags } from '@oclif/core';
import { z } from 'zod';
import { BaseCommand } from '../../lib/cli/base-command.ts';

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
    'Flags stand above the environment, that above postern.yaml, that above the file of the user. Secrets are shown as references, never as values.';
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
    this.print(`# profile ${profileName}, by ${config.profileOrigin}`);
    for (const [part, value] of Object.entries(profile)) {
      if (this.flags.origin) this.print(`# ${origins[`${part}.url`] ?? origins[part]}`);
      this.print(stringify({ [part]: value }).trimEnd());
    }
    return { file, profile: profileName, profiles: [...profileNames], settings: profile, origins };
  }
}
