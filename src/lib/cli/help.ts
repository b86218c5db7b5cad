import { type Command, CommandHelp, Help } from '@oclif/core';
import { type ExitCode, exitCodeMeaning } from '../base/exit-code.ts';

/** The usual help, and under it what each exit code of this command means. */
class CommandHelpWithExitCodes extends CommandHelp {
  override generate(): string {
    const codes = (this.command as Command.Loadable & { readonly exitCodes?: readonly ExitCode[] }).exitCodes;
    const text = super.generate();
    if (codes === undefined) return text;
    const lines = codes.map((code) => `${String(code).padStart(3)}  ${exitCodeMeaning[code]}`);
    return `${text}\n\n${this.section('EXIT CODES', lines.join('\n'))}`;
  }
}

export default class PosternHelp extends Help {
  protected override CommandHelpClass = CommandHelpWithExitCodes;
}
