import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteLiteral } from '../../../platform/quote.ts';
import type { ScannedBucket } from '../../residue/index.ts';
import type { Batch } from '../change/change-rows.ts';
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
  const objectsOf = async ({ after, until }: Batch): Promise<readonly FrozenObject[]> => {
    const { rows } = await db.query<FrozenObject>(
      `select bucket, key, versions from ${objects} where postern_seq > $1 and postern_seq <= $2 order by postern_seq`,
      [after, until],
    );
    return rows;
  };
  // A store knows no transactions: what a run that is killed has deleted, the next one would find absent.
  const before = async (batch: Batch): Promise<void> => {
    const unseen = (await objectsOf(batch)).filter(({ versions }) => versions === null);
    const seen = await each(transactions, unseen, async ({ bucket, key }) => {
      const versions = (await versionsOf(storeOf(stores, bucket), key)).length;
      return { bucket, key, versions };
    });
    if (seen.length === 0) return;
    await transactions.in(() =>
      db.query(
        `update ${objects} o set versions = n.versions
         from pg_catalog.json_to_recordset($1) as n(bucket text, key text, versions int) where o.bucket = n.bucket and o.key = n.key`,
        [JSON.stringify(seen)],
      ),
    );
  };
  await inBatches(transactions, task.work, { part, table: objects, before }, async (batch) => {
    const counts = { objects: 0, versions: 0, absent: 0, retained: 0 };
    await each(transactions, await objectsOf(batch), async ({ bucket, key, versions }) => {
      const { found, retained } = await deleteObject(storeOf(stores, bucket), key);
      const deleted = Math.max(versions ?? 0, found) - retained;
      counts.versions += deleted;
      counts.retained += retained > 0 ? 1 : 0;
      counts.absent += deleted + retained === 0 ? 1 : 0;
      counts.objects += deleted > 0 && retained === 0 ? 1 : 0;
    });
    return { counts };
  });
  return tallies(db, task.work, part);
}

interface FrozenObject {
  readonly bucket: string;
  readonly key: string;
  /** As many as there were before any was deleted; null where nobody has looked yet. */
  readonly versions: number | null;
}

/** A few at once. */
async function each<T, R>(
  { signal }: ErasureRun['transactions'],
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += parallel) {
    signal.throwIfAborted();
    done.push(...(await Promise.all(items.slice(at, at + parallel).map(work))));
  }
  return done;
}

function storeOf(stores: ReadonlyMap<string, ScannedBucket>, bucket: string): ScannedBucket {
  const found = stores.get(bucket);
  if (found === undefined) throw new TypeError('a plan is not made for objects of a bucket without a store');
  return found;
}

async function versionsOf(
  { store, prefix }: ScannedBucket,
  key: string,
): Promise<readonly (string | undefined)[]> {
  const versions: (string | undefined)[] = [];
  for await (const version of store.listVersions(prefix + key)) {
    if (version.key === prefix + key) versions.push(version.versionId);
  }
  return versions;
}

/** @returns how many versions were there, and how many stay under a lock */
async function deleteObject(
  bucket: ScannedBucket,
  key: string,
): Promise<{ readonly found: number; readonly retained: number }> {
  const versions = await versionsOf(bucket, key);
  let retained = 0;
  for (const versionId of versions) {
    const outcome = await bucket.store.delete(
      bucket.prefix + key,
      versionId === undefined ? {} : { versionId },
    );
    if (outcome === 'retained') retained += 1;
  }
  return { found: versions.length, retained };
}
