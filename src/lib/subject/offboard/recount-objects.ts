import { type MapModel, objectReferences, tableName } from '../../platform/map/index.ts';
import { quoteLiteral } from '../../platform/quote.ts';
import { objectKeys } from '../erase/closure/objects.ts';
import { workTable } from '../erase/closure/work.ts';
import type { ErasureRun } from '../erase/run/run.ts';
import type { ScannedBucket } from '../residue/index.ts';
import type { Recounted } from './results.ts';

/** Keys that are written down at once. */
const atOnce = 1000;
/** Objects that are asked for at once. */
const parallel = 8;

/**
 * Looks for objects of a tenant again: those that were to go, and, where keys begin with the tenant, whatever lies there
 * and no row names. A version that is left, or a delete marker, counts.
 */
export async function recountObjects(
  { transactions, task }: Pick<ErasureRun, 'transactions' | 'task'>,
  buckets: readonly ScannedBucket[],
): Promise<Recounted['objectsLeft']> {
  const { db, signal } = transactions;
  const left = workTable(task.work, 'left');
  await db.query(`drop table if exists ${left}`);
  await db.query(`create table ${left} (bucket text not null, key text not null, primary key (bucket, key))`);
  const note = (bucket: string, keys: ReadonlySet<string>) =>
    db.query(`insert into ${left} select $1, k from pg_catalog.unnest($2::text[]) k on conflict do nothing`, [
      bucket,
      [...keys],
    ]);
  for (const bucket of buckets) {
    for await (const keys of gone(bucket)) {
      signal.throwIfAborted();
      const there: string[] = [];
      for (let at = 0; at < keys.length; at += parallel) {
        const some = keys.slice(at, at + parallel);
        const found = await Promise.all(some.map((key) => hasVersion(bucket, key)));
        there.push(...some.filter((_, index) => found[index]));
      }
      await note(bucket.bucket, new Set(there));
    }
    for (const prefix of prefixesOf(task.graph.model, bucket.bucket, task.tenant ?? '')) {
      let keys = new Set<string>();
      for await (const { key } of bucket.store.listVersions(`${bucket.prefix}${prefix}`)) {
        keys.add(key.slice(bucket.prefix.length));
        if (keys.size < atOnce) continue;
        signal.throwIfAborted();
        await note(bucket.bucket, keys);
        keys = new Set();
      }
      await note(bucket.bucket, keys);
    }
  }
  for (const { table, bucket, keySql, where } of objectKeys(task.graph.model)) {
    if (!task.treatments.has(table)) continue;
    await db.query(
      `delete from ${left} o using ${tableName(table)} t where o.bucket = ${quoteLiteral(bucket)} and ${where} and o.key = ${keySql}`,
    );
  }
  const { rows } = await db.query<{ bucket: string; objects: number }>(
    `select bucket, count(*)::float8 as objects from ${left} group by bucket order by bucket`,
  );
  return rows;

  async function* gone({ bucket }: ScannedBucket): AsyncIterable<readonly string[]> {
    for (let after = '0'; ; ) {
      const { rows: found } = await db.query<{ seq: string; key: string }>(
        `select postern_seq as seq, key from ${workTable(task.work, 'objects')}
         where bucket = $1 and postern_seq > $2 order by postern_seq limit ${atOnce}`,
        [bucket, after],
      );
      if (found.length > 0) yield found.map(({ key }) => key);
      const last = found.at(-1);
      if (last === undefined || found.length < atOnce) return;
      after = last.seq;
    }
  }
}

async function hasVersion({ store, prefix }: ScannedBucket, key: string): Promise<boolean> {
  for await (const version of store.listVersions(`${prefix}${key}`)) {
    if (version.key === `${prefix}${key}`) return true;
  }
  return false;
}

/** How the keys of a tenant's objects begin, where the tenant stands in them and its end can be told: `raw/12/`. */
function prefixesOf({ map, tables }: MapModel, bucket: string, tenant: string): readonly string[] {
  const found = objectReferences(map).flatMap(({ table, bucket: own, key }) => {
    const column = tables.get(table)?.entry.tenant;
    const at = key.findIndex((part) => 'column' in part);
    const [part, next] = [key[at], key[at + 1]];
    if (own !== bucket || part === undefined || !('column' in part) || part.column !== column) return [];
    if (next === undefined || !('text' in next) || !/^[^\p{L}\p{N}]/u.test(next.text)) return [];
    const before = key.slice(0, at).map((one) => ('text' in one ? one.text : ''));
    return [`${before.join('')}${tenant}${next.text}`];
  });
  return [...new Set(found)];
}
