import { Flags } from '@oclif/core';
import type { LogOutput } from '../../lib/audit/result.ts';
import { usageError } from '../../lib/base/error.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';

export default class AuditLog extends BaseCommand<typeof AuditLog> {
  static override summary = 'show what operators did';
  static override description =
    'The newest entries, oldest first. An intent without an outcome is a run that was killed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --since 2026-01-01',
    '<%= config.bin %> <%= command.id %> --action plan.apply --limit 10 --json',
  ];
  static override flags = {
    ...tableFlags,
    since: Flags.string({
      summary: 'entries from this time on (RFC 3339, or a date in UTC)',
      helpValue: 'TIME',
    }),
    action: Flags.string({ summary: 'entries of this action: plan.apply', helpValue: 'NAME' }),
    plan: Flags.string({ summary: 'entries about this plan', helpValue: 'ID' }),
    limit: Flags.integer({ summary: 'at most so many', min: 1, max: 100_000, default: 50 }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.integrity];
  static override result = async () => (await import('../../lib/audit/result.ts')).logResult;

  async run(): Promise<LogOutput> {
    const { action, limit, plan } = this.flags;
    const since = this.since();
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { readAudit } = await import('../../lib/audit/read.ts');
    const state = await checkedState(await this.context());
    const entries = await readAudit(state, {
      limit,
      ...(since === undefined ? {} : { since }),
      ...(action === undefined ? {} : { action }),
      ...(plan === undefined ? {} : { plan: plan.toLowerCase() }),
    });
    await this.printTable(
      entries,
      [
        { header: 'seq', value: ({ seq }) => seq, align: 'right' },
        { header: 'at', value: ({ body }) => body?.at ?? '(unreadable)' },
        { header: 'action', value: ({ body }) => body?.action },
        {
          header: 'event',
          value: ({ body }) => (body?.error === undefined ? body?.event : `failed: ${body.error.code}`),
        },
        { header: 'who', value: ({ body }) => body && `${body.actor.osUser}@${body.actor.host}` },
        { header: 'key', value: ({ body }) => body?.actor.fingerprint?.slice(-16) },
        { header: 'plan', value: ({ body }) => body?.plan?.slice(0, 12) },
        { header: 'target', value: ({ body }) => body?.target },
      ],
      'no entries',
    );
    return { entries: entries.map(({ body, ...anchor }) => ({ ...anchor, body: body ?? null })) };
  }

  private since(): Date | undefined {
    const { since } = this.flags;
    if (since === undefined) return undefined;
    const date = new Date(since);
    if (!Number.isNaN(date.getTime()) && /^\d{4}-\d{2}-\d{2}/.test(since)) return date;
    throw usageError(`${since} is not a time`, {
      code: 'time',
      hints: ['write 2026-01-31 or 2026-01-31T08:00:00Z'],
    });
  }
}
