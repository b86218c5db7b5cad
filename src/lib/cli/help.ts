import { type Command, CommandHelp, Help } from '@oclif/core';
import { usageError } from '../base/error.ts';
import { type ExitCode, exitCodeMeaning } from '../base/exit-code.ts';
import { reportUnknown, unknownCommand } from './unknown-command.ts';

function exitCodeLines(codes: readonly ExitCode[]): string {
  return codes.map((code) => `${String(code).padStart(3)}  ${exitCodeMeaning[code]}`).join('\n');
}

type NamedFlag = readonly [string, Pick<Command.Flag.Cached, 'exclusive'>];

/**
 * Each flag in one group, with flags of which each excludes all others: oclif writes a group as `[--a | --b]`, and a
 * flag of two groups only in the first, which leaves a gap in the other.
 */
function alternatives(flags: readonly NamedFlag[]): readonly (readonly string[])[] {
  const excludes = new Set(
    flags.flatMap(([name, { exclusive = [] }]) =>
      exclusive.flatMap((other) =>
        typeof other === 'string' ? [`${name} ${other}`, `${other} ${name}`] : [],
      ),
    ),
  );
  const groups: string[][] = [];
  for (const [name] of flags) {
    const group = groups.find((some) => some.every((other) => excludes.has(`${name} ${other}`)));
    if (group === undefined) groups.push([name]);
    else group.push(name);
  }
  return groups;
}

/** A command's help: its own flags in the usage, nothing said twice, and at the end what each exit code means. */
class PosternCommandHelp extends CommandHelp {
  override generate(): string {
    const codes = (this.command as Command.Loadable & { readonly exitCodes?: readonly ExitCode[] }).exitCodes;
    const text = super.generate();
    return codes === undefined ? text : `${text}\n\n${this.section('EXIT CODES', exitCodeLines(codes))}`;
  }

  /** The flags that every command takes would bury the few that are its own. */
  protected override defaultUsage(): string {
    const whole = this.command;
    const own = Object.entries(whole.flags).filter(([, { helpGroup }]) => helpGroup !== 'GLOBAL');
    const groups = alternatives(own);
    const flags = own.map(([name, original]) => {
      const flag = { ...original };
      delete flag.dependsOn;
      delete flag.exclusive;
      const [first, ...others] = groups.find((group) => group.includes(name)) ?? [];
      if (first === name && others.length > 0) flag.exclusive = others;
      return [name, flag];
    });
    this.command = { ...whole, flags: Object.fromEntries(flags) };
    try {
      return `${super.defaultUsage()} [GLOBAL FLAGS]`;
    } finally {
      this.command = whole;
    }
  }

  /** The summary stands above already. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description === undefined ? undefined : this.wrap(description);
  }
}

export default class PosternHelp extends Help {
  protected override CommandHelpClass = PosternCommandHelp;

  /**
   * A topic alone shows its commands. A topic with anything more than that is a command whose verb was forgotten,
   * and must not end with 0: a nightly `postern backup --profile production` would look as if it had worked.
   */
  override async showHelp(argv: string[]): Promise<void> {
    const typed = process.argv.slice(2);
    const asksForHelp = typed.some((word) => word === '--help' || word === '-h');
    const words = argv.filter((word) => !word.startsWith('-')).flatMap((word) => word.split(':'));
    const id = words.join(':');
    if (asksForHelp) {
      const isKnown =
        id === '' || this.config.findTopic(id) !== undefined || this.findCommandWithin(words) !== undefined;
      if (!isKnown) return reportUnknown(unknownCommand(words, this.config), typed);
    } else if (typed.length > words.length && id !== '') {
      const asked = words.join(' ');
      const error = usageError(`${asked} is a topic, and its command is missing`, {
        code: 'command-missing',
        hints: [`\`${this.config.bin} ${asked} --help\` lists its commands`],
      });
      return reportUnknown({ asked, error }, typed);
    }
    return super.showHelp(argv);
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const codes = Object.keys(exitCodeMeaning).map((code) => Number(code) as ExitCode);
    this.log(this.section('EXIT CODES', exitCodeLines(codes)));
    this.log(`\n\`${this.config.bin} COMMAND --help\` says more about each.`);
  }

  /** The command in the first words; what follows may be its arguments. */
  private findCommandWithin(words: readonly string[]): Command.Loadable | undefined {
    for (let length = words.length; length > 0; length -= 1) {
      const command = this.config.findCommand(words.slice(0, length).join(':'));
      if (command !== undefined) return command;
    }
    return undefined;
  }
}
