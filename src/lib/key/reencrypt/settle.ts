import type { Client, Pool } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import { tableName } from '../column/table-name.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import type { KeyContext } from '../context.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { type QuarantineOf, quarantine, quarantinedKeys, resolveQuarantine } from './quarantine.ts';
import { type BatchOutcome, type ReencryptTask, reencryptBatch } from './reencrypt-batch.ts';
import { readValues, rereadValues } from './value-row.ts';
import { withRetries } from './walk-column.ts';

interface Settling {
  readonly db: Client;
  readonly column: WalkedColumn;
  readonly keyring: KeyringTable;
  readonly planId: string;
  readonly batchSize: number;
}

/**
 * What a walk could not reach: values in quarantine are tried again, and those that an application wrote under an
 * older key meanwhile are encrypted again.
 * @returns how many values were written
 */
export async function settleColumn(context: KeyContext, settling: Settling): Promise<number> {
  return (await retryQuarantine(context, settling)) + (await walkLeftovers(context, settling));
}

async function retryQuarantine(
  context: KeyContext,
  { db, column, keyring, planId, batchSize }: Settling,
): Promise<number> {
  const state = await context.state();
  const of = quarantineOf(context, column);
  const task = { db, column, keyring, open: context.openDataKey };
  let written = 0;
  for (let after: readonly string[] | undefined; ; ) {
    context.signal.throwIfAborted();
    const keys = await quarantinedKeys(state, of, { after, limit: batchSize });
    after = keys.at(-1);
    if (after === undefined) return written;
    const rows = await rereadValues(db, column, keys);
    const outcome = await withRetries(() => reencryptBatch(task, rows), context.signal);
    written += outcome.written;
    await keepRefused(state, of, planId, outcome);
    const refused = new Set(outcome.refused.map(({ key }) => key.join('\0')));
    await resolveQuarantine(
      state,
      of,
      keys.filter((key) => !refused.has(key.join('\0'))),
    );
  }
}

async function walkLeftovers(
  context: KeyContext,
  { db, column, keyring, planId, batchSize }: Settling,
): Promise<number> {
  const state = await context.state();
  const of = quarantineOf(context, column);
  const task: ReencryptTask = { db, column, keyring, open: context.openDataKey };
  const value = quoteIdentifier(column.column);
  const isLeft = `${formatOfValue(value)} = 'keyed' and not exists (select from ${tableName(keyring.table)} k
    where k.${quoteIdentifier(keyring.state)}::text = 'active' and k.${quoteIdentifier(keyring.id)} =
      case when ${formatOfValue(value)} = 'keyed' then ${keyIdOfValue(value)} end)`;
  let written = 0;
  for await (const { rows } of readValues(db, column, { batchSize, where: { text: isLeft, values: [] } })) {
    context.signal.throwIfAborted();
    const outcome = await withRetries(() => reencryptBatch(task, rows), context.signal);
    written += outcome.written;
    await keepRefused(state, of, planId, outcome);
  }
  return written;
}

const keepRefused = (state: Pool, of: QuarantineOf, planId: string, { refused }: BatchOutcome) =>
  quarantine(state, of, planId, refused);

function quarantineOf({ profile }: KeyContext, { table, column }: WalkedColumn): QuarantineOf {
  return { profile, table, column };
}
