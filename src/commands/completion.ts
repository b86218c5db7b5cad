import { Args } from '@oclif/core';
import { z } from 'zod';
import { BaseCommand } from '../lib/cli/base-command.ts';

export default class Completion extends BaseCommand<typeof Completion> {
  static override summary = 'print a completion script for bash or zsh';
  static override description =
    'Put `source <(postern completion bash)` into ~/.bashrc, or the same with zsh into ~/.zshrc.';
  static override examples = [
    'source <(<%= config.bin %> <%= command.id %> bash)',
    '<%= config.bin %> <%= command.id %> zsh > ~/.zfunc/_postern',
  ];
  static override args = {
    shell: Args.string({
      description: 'the shell',
      options: ['bash', 'zsh'],
      required: true,
      ignoreStdin: true,
    }),
  };
  static override exitCodes = [0, 2] as const;
  static override result = async () => z.strictObject({ shell: z.string(), script: z.string() });

  async run(): Promise<{ readonly shell: string; readonly script: string }> {
    const { bashCompletion, zshCompletion } = await import('../lib/cli/completion.ts');
    const commands = this.config.commands
      .filter(({ hidden }) => !hidden)
      .map(({ id, summary = '', flags, args }) => ({
        words: id.split(':'),
        summary,
        choices: Object.values(args)[0]?.options ?? [],
        flags: [
          { name: 'help', summary: 'show what it does', options: [] },
          ...Object.values(flags).map((flag) => ({
            name: flag.name,
            summary: flag.summary ?? '',
            options: flag.type === 'option' ? (flag.options ?? []) : [],
          })),
        ],
      }));
    const { shell } = this.args;
    const script = (shell === 'zsh' ? zshCompletion : bashCompletion)(this.config.bin, commands);
    this.print(script.trimEnd());
    return { shell, script };
  }
}
