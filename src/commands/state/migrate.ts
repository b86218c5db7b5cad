import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import type { MigrateOutput } from '../../lib/state/result.ts';

export default class StateMigrate extends BaseCommand<typeof StateMigrate> {
  static override summary = 'bring the state database to the schema of this postern';
  static override description =
    'Run it as the owner: state.owner_url where the profile has one, else state.url. Each migration is a transaction of its own.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --grant-to postern_runtime',
    '<%= config.bin %> <%= command.id %> --dry-run',
  ];
  static override flags = {
    ...dryRunFlag,
    'grant-to': Flags.string({
      summary: 'the role of daily work, which gets exactly what it needs',
      helpValue: 'ROLE',
    }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.integrity,
    ExitCode.refused,
    ExitCode.locked,
  ];
  static override result = async () => (await import('../../lib/state/result.ts')).migrateResult;

  async run(): Promise<MigrateOutput> {
    const context = await this.context();
    const { url, owner_url: ownerUrl = url } = context.settings('state');
    const { withConnection } = await import('../../lib/base/postgres.ts');
    const connection = {
      url: await context.secret('state', ownerUrl),
      role: 'state database',
      purpose: 'state migrate',
    };
    return withConnection(connection, async (owner) => {
      if (this.flags['dry-run']) {
        const { stateStatus } = await import('../../lib/state/status.ts');
        const { version, pending } = await stateStatus(owner);
        for (const migration of pending) this.print(`would apply ${migration.version} ${migration.title}`);
        return { version, applied: [], pending: [...pending] };
      }
      const { migrateState } = await import('../../lib/state/migrate.ts');
      const grantTo = this.flags['grant-to'];
      const { version, applied } = await migrateState(owner, grantTo === undefined ? {} : { grantTo });
      for (const migration of applied) this.print(`applied ${migration.version} ${migration.title}`);
      this.say(`the state database has schema ${version}`);
      return { version, applied: [...applied], pending: [] };
    });
  }
}
