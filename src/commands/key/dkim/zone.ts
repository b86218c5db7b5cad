import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import type { KeyDkimZoneResult } from '../../../lib/key/dkim/results.ts';

export default class KeyDkimZone extends BaseCommand<typeof KeyDkimZone> {
  static override summary = 'print what a zone shall have for its DKIM selectors';
  static override description =
    'Lines for a zone file, or a script for nsupdate, with what a rotation asks to be changed: new records, empty p=, removals. --all has every selector.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> example.org',
    '<%= config.bin %> <%= command.id %> example.org --nsupdate change.txt',
  ];
  static override args = {
    domain: Args.string({ description: 'a domain under keys.dkim', required: true, ignoreStdin: true }),
  };
  static override flags = {
    all: Flags.boolean({ summary: 'every selector, also those that need no change' }),
    nsupdate: Flags.string({ summary: 'write a script for nsupdate instead of lines', helpValue: 'FILE' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../../lib/key/dkim/results.ts')).keyDkimZoneResult;

  async run(): Promise<KeyDkimZoneResult> {
    const { dkimContext } = await import('../../../lib/cli/key-dkim.ts');
    const { zoneChange, zoneText } = await import('../../../lib/cli/key-dkim-zone.ts');
    const context = await dkimContext(await this.context());
    const { domain } = this.args;
    const which = this.flags.all ? 'all' : 'changed';
    const change = await zoneChange(context, domain, { which, script: this.flags.nsupdate });
    for (const line of zoneText(change, context.domain(domain).nsupdate.keyFile)) this.print(line);
    if (change.lines.length === 0) this.say('nothing is to be changed');
    return { domain, lines: [...change.lines], nsupdateFile: change.nsupdateFile };
  }
}
