import { counted } from '../../../base/counted.ts';
import {
  encryptedColumns,
  type Keyring,
  keyedHashes,
  keyringsOf,
  tableName,
} from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { eachDatabase, type LookedAt } from '../databases.ts';
import { type Look, type RuleTask, verdictOf } from './rule.ts';
import { meansKey } from './same-key.ts';

/** No keyring of any map has a wrapped key under this one, whichever of its names the rows have. */
export const noDataKey: Look = async ({ context, kms, key }) => {
  const against: string[] = [];
  const untold: string[] = [];
  let keyrings = 0;
  const withoutMap = await eachDatabase(context, async ({ label, db, map }) => {
    for (const { table, column } of encryptedColumns(map).filter(({ keyring }) => keyring === undefined)) {
      untold.push(`${label}${table}.${column}: the map does not describe the keyring of this column`);
    }
    for (const { table, source } of keyedHashes(map).filter(({ keyring }) => keyring === undefined)) {
      untold.push(`${label}${table}.${source}: the map does not describe the keyring of its keyed hash`);
    }
    for (const keyring of keyringsOf(map)) {
      keyrings += 1;
      for (const found of await dataKeys(db, keyring, { kms, key })) {
        const keys = counted(found.keys, 'data key');
        const where = `${label}${keyring.table}`;
        if (found.means === 'yes') against.push(`it wraps ${keys} of ${where}`);
        if (found.means === 'unknown') {
          untold.push(
            `${found.written ?? 'a key that is not named'}, which may be it, wraps ${keys} of ${where}`,
          );
        }
      }
    }
  });
  return verdictOf({
    against,
    untold: [...untold, ...withoutMap],
    met: `${counted(keyrings, 'keyring')} counted at ${context.clock.now().toISOString()}: no data key is under it`,
  });
};

async function dataKeys(
  db: LookedAt['db'],
  { table, kek, wrapped }: Keyring,
  { kms, key }: Pick<RuleTask, 'kms' | 'key'>,
) {
  const { rows } = await db.query<{ written: string | null; keys: string }>(
    `select ${quoteIdentifier(kek)}::text as written, count(*)::text as keys from ${tableName(table)}
     where pg_catalog.octet_length(${quoteIdentifier(wrapped)}) > 0 group by 1 order by 1`,
  );
  const found = [];
  for (const { written, keys } of rows) {
    found.push({ written, keys: Number(keys), means: await meansKey(kms, key, written) });
  }
  return found;
}
