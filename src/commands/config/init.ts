import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { z } from 'zod';
import { BaseCommand } from '../../lib/cli/base-command.ts';

export default class ConfigInit extends BaseCommand<typeof ConfigInit> {
  static override summary = 'write a first postern.yaml';
  static override description =
    'Never writes over a file. The keys that it names are made by `backup keys init` and `certificate keys init`.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --file /etc/postern/postern.yaml --name production',
  ];
  static override flags = {
    file: Flags.string({ summary: 'the file to write', default: 'postern.yaml', helpValue: 'FILE' }),
    name: Flags.string({ summary: 'the name of its profile', default: 'production', helpValue: 'PROFILE' }),
  };
  static override exitCodes = [0, 1, 2] as const;
  static override result = async () => z.strictObject({ file: z.string(), profile: z.string() });

  async run(): Promise<{ readonly file: string; readonly profile: string }> {
    const { initConfig } = await import('../../lib/config/init.ts');
    const file = resolve(this.flags.file);
    await initConfig(file, this.flags.name);
    this.print(`wrote ${file}`);
    this.say('next: fill in what is yours, then `postern config check`');
    return { file, profile: this.flags.name };
  }
}
