import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import type { KeyContext } from '../context.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { retryQuarantine, workOnLeftovers } from '../walk/second-pass.ts';
import { reencryptWork } from './reencrypt-work.ts';

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
export async function settleColumn(
  context: KeyContext,
  { column, keyring, ...settling }: Settling,
): Promise<number> {
  const pass = { ...settling, work: reencryptWork({ column, keyring, open: context.openDataKey }) };
  const value = quoteIdentifier(column.column);
  const isLeft = `${formatOfValue(value)} = 'keyed' and not exists (select from ${tableName(keyring.table)} k
    where k.${quoteIdentifier(keyring.state)}::text = 'active' and k.${quoteIdentifier(keyring.id)} =
      case when ${formatOfValue(value)} = 'keyed' then ${keyIdOfValue(value)} end)`;
  const retried = await retryQuarantine(context, pass);
  return retried + (await workOnLeftovers(context, pass, { text: isLeft, values: [] }));
}
