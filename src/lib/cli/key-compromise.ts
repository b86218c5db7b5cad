import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import { shellQuote } from '../base/shell-quote.ts';
import type { CompromiseContext, CompromiseOptions } from '../key/compromise/index.ts';
import type { KeyCompromiseResult } from '../key/compromise/results.ts';
import type { Plan } from '../operation/plan.ts';
import { keepRules } from './backup-keep.ts';
import type { PosternContext } from './context.ts';
import { keyContext } from './key-context.ts';
import { type ReencryptFlags, reencryptOptions } from './key-reencrypt.ts';
import { registerContext } from './key-register.ts';
import type { Asking } from './prompt.ts';
import { submitPlan } from './submit-plan.ts';
import type { Column } from './table.ts';

interface CompromiseFlags extends Omit<ReencryptFlags, 'active-keys' | 'kek'> {
  readonly 'ask-stores': boolean;
  readonly 'dry-run': boolean;
  readonly subject?: string | undefined;
  readonly to?: string | undefined;
}

export function compromiseContext(
  context: PosternContext,
  flags: Pick<CompromiseFlags, 'ask-stores'>,
): CompromiseContext {
  const { platform, state, backup } = context.config.profile;
  const common: CompromiseContext = {
    // What sets tell of their keys is asked once, and of every destination.
    register: registerContext(context, { 'ask-stores': false }),
    pruneRules: hasPruneRules(context) ? 'configured' : 'none',
    setKeys: async (recorded) => {
      if (backup === undefined) return { sets: [], unasked: [] };
      if (!flags['ask-stores']) return { sets: [], unasked: [notAsked] };
      return (await import('./compromise-sets.ts')).readSetKeys(context, recorded);
    },
  };
  if (platform?.map === undefined || state === undefined) return common;
  return { ...common, keys: () => keyContext(context) };
}

const notAsked = { source: 'the backup stores', reason: '--no-ask-stores was given' };

function hasPruneRules({ config }: PosternContext): boolean {
  const rules = keepRules(config.profile.backup?.prune);
  return Object.values(rules).some((count) => count > 0);
}

/** @throws {PosternError} exit 2, `duration-invalid` */
export function compromiseOptions(asked: string, flags: CompromiseFlags): CompromiseOptions {
  return {
    asked,
    subject: flags.subject,
    to: flags.to,
    isDry: flags['dry-run'],
    reencrypt: reencryptOptions(undefined, { ...flags, 'active-keys': false }),
  };
}

/** Stores the plans, signed where a key is configured; none is applied. */
export async function storePlans(
  context: PosternContext,
  plans: readonly Plan[],
  asking: Asking,
): Promise<void> {
  const { keyReencrypt } = await import('../key/reencrypt/index.ts');
  const operation = await keyContext(context);
  for (const plan of plans)
    await submitPlan(context, { operation, kind: keyReencrypt, plan, mode: 'plan-only', asking });
}

export const blastColumns: readonly Column<KeyCompromiseResult['columns'][number]>[] = [
  { header: 'column', value: ({ table, column }) => `${table}.${column}` },
  { header: 'category', value: ({ category }) => category ?? undefined },
  { header: 'values', value: ({ values }) => values, align: 'right' },
  { header: 'size', value: ({ bytes }) => formatByteSize(bytes), align: 'right' },
  { header: 'keys', value: ({ keys }) => keys, align: 'right' },
  { header: 'subjects', value: ({ subjects }) => subjects ?? undefined, align: 'right' },
  { header: 'tenants', value: ({ tenants }) => tenants ?? undefined, align: 'right' },
];

/** What the key may have given away. */
export function blastLines(result: KeyCompromiseResult): readonly string[] {
  const { key, values, bytes, subjects, tenants, backups } = result;
  const whose = [
    ...(subjects === null ? [] : [counted(subjects, 'subject')]),
    ...(tenants === null ? [] : [counted(tenants, 'tenant')]),
  ];
  return [
    `${key.kind} ${key.name}`,
    ...key.usedFor.map((use) => `  use: ${use}`),
    ...(key.kind === 'kek' || key.kind === 'dek'
      ? [`  ${[counted(values, 'value'), formatByteSize(bytes), ...whose].join(', ')}`]
      : []),
    ...(key.kind === 'openpgp-recipient' && backups.needs.length === 0
      ? ['  backups: it opens none of the sets that could be asked']
      : []),
    ...backups.needs.map((need) => `  backups: ${need}; the newest is ${backups.setId ?? ''}`),
    ...(backups.until === null ? [] : [`  the last of their locks ends on ${backups.until.slice(0, 10)}`]),
    ...(key.kind === 'openpgp-signer' ? backups.setIds.map((setId) => `  signed: ${setId}`) : []),
  ];
}

/** The steps, numbered; a command on a line of its own. */
export function stepLines({ steps }: KeyCompromiseResult): readonly string[] {
  return steps.flatMap(({ action, command }, index) => [
    `${index + 1}. ${action}`,
    ...(command === null ? [] : [`     postern ${command.map(shellQuote).join(' ')}`]),
  ]);
}
