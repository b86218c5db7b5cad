import { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';

const result = z.strictObject({
  file: z.string(),
  profile: z.string(),
  checked: z.number().int(),
  problems: z.array(z.strictObject({ where: z.string(), message: z.string(), hint: z.string().nullable() })),
});

export default class ConfigCheck extends BaseCommand<typeof ConfigCheck> {
  static override summary = 'check the configuration, its secrets and its keys';
  static override description =
    'Reads every secret and key that the profile names, and connects to nothing; `doctor` asks the servers. Tells all problems at once.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --profile production --json',
  ];
  static override flags = { ...tableFlags };
  static override exitCodes = [0, 2] as const;
  static override result = async () => result;

  async run(): Promise<z.infer<typeof result>> {
    const { checkConfig } = await import('../../lib/cli/check-config.ts');
    const context = await this.context();
    const { checked, problems } = await checkConfig(context);
    if (problems.length > 0) {
      await this.printTable(
        problems,
        [
          { header: 'where', value: ({ where }) => where },
          { header: 'problem', value: ({ message }) => message },
        ],
        '',
      );
      for (const hint of new Set(problems.map((problem) => problem.hint)))
        if (hint !== null) this.say(`hint: ${hint}`);
      this.endWith(ExitCode.usage);
    } else
      this.print(
        `${context.config.file}: profile ${context.profile} is sound (${checked} secrets and files)`,
      );
    return { file: context.config.file, profile: context.profile, checked, problems: [...problems] };
  }
}
