import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteLiteral } from '../../../platform/quote.ts';
import type { ScannedBucket } from '../../residue/index.ts';
import { objectKeys } from '../closure/objects.ts';
import { workTable } from '../closure/work.ts';
import { inBatches, tallies } from './batches.ts';
import type { ErasureRun } from './run.ts';

/** Objects that are deleted at once. */
const parallel = 8;

/**
 * Deletes the objects whose rows are gone, with every version and delete marker. One that another row names still stays,
 * for the last of them; one under a lock stays until the lock ends.
 */
export async function deleteObjects(run: ErasureRun, buckets: readonly ScannedBucket[]): Promise<JsonObject> {
  const { transactions, task } = run;
  const { db } = transactions;
  const objects = workTable(task.work, 'objects');
  const part = 'objects';
  for (const { table, bucket, keySql, where } of objectKeys(task.graph.model)) {
    if (!task.treatments.has(table)) continue;
    await transactions.in(async () => {
      const { rowCount } = await db.query(
        `delete from ${objects} o using ${tableName(table)} t where o.bucket = ${quoteLiteral(bucket)} and ${where} and o.key = ${keySql}`,
      );
      return rowCount;
    });
  }
  const stores = new Map(buckets.map((bucket) => [bucket.bucket, bucket]));
  await inBatches(transactions, task.work, { part, table: objects }, async ({ after, until }) => {
    const { rows } = await db.query<{ bucket: string; key: string }>(
      `select bucket, key from ${objects} where postern_seq > $1 and postern_seq <= $2 order by postern_seq`,
      [after, until],
    );
    const counts = { objects: 0, versions: 0, absent: 0, retained: 0 };
    for (let at = 0; at < rows.length; at += parallel) {
      transactions.signal.throwIfAborted();
      const done = await Promise.all(
        rows.slice(at, at + parallel).map(({ bucket, key }) => deleteObject(stores.get(bucket), key)),
      );
      for (const one of done) {
        counts.versions += one.versions;
        counts.retained += one.retained > 0 ? 1 : 0;
        counts.absent += one.versions + one.retained === 0 ? 1 : 0;
        counts.objects += one.versions > 0 && one.retained === 0 ? 1 : 0;
      }
    }
    return { counts };
  });
  return tallies(db, task.work, part);
}

async function deleteObject(
  bucket: ScannedBucket | undefined,
  key: string,
): Promise<{ readonly versions: number; readonly retained: number }> {
  if (bucket === undefined) throw new TypeError('a plan is not made for objects of a bucket without a store');
  const { store, prefix } = bucket;
  const whole = `${prefix}${key}`;
  const versions: (string | undefined)[] = [];
  for await (const version of store.listVersions(whole)) {
    if (version.key === whole) versions.push(version.versionId);
  }
  let [deleted, retained] = [0, 0];
  for (const versionId of versions) {
    const outcome = await store.delete(whole, versionId === undefined ? {} : { versionId });
    if (outcome === 'deleted') deleted += 1;
    if (outcome === 'retained') retained += 1;
  }
  return { versions: deleted, retained };
}
