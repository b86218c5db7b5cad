import { PosternError } from '../../../base/error.ts';
import type { ObjectStore } from '../../../cloud/object-store.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { tableName } from '../../../platform/map/index.ts';
import type { ScannedBucket } from '../../residue/index.ts';
import { keyEquals } from '../closure/key-equals.ts';
import { objectKeys } from '../closure/objects.ts';
import { workTable } from '../closure/work.ts';
import { rewrittenObjects } from '../rewritten-objects.ts';
import { inBatches, tallies } from './batches.ts';
import type { ErasureRun } from './run.ts';

/** Objects that are rewritten at once; each stands in memory as a whole. */
const parallel = 4;

type Redact = (body: Uint8Array) => Buffer | undefined;

/**
 * Takes persons out of the objects of rows that others keep: the newest version is written anew where it names one, and
 * older versions that do are deleted. Done again, it changes nothing more.
 */
export async function rewriteObjects(
  run: ErasureRun,
  table: string,
  buckets: readonly ScannedBucket[],
): Promise<JsonObject> {
  const { transactions, task } = run;
  const { db } = transactions;
  const treatment = task.treatments.get(table);
  if (treatment === undefined) return {};
  const work = workTable(task.work, treatment.number);
  const part = `rewrite ${table}`;
  const same = keyEquals(treatment.key, 't', 'w');
  const fields = rewrittenFields(run, table, buckets);
  await inBatches(transactions, task.work, { part, table: work }, async ({ after, until }) => {
    const counts = { rewritten: 0, versions: 0, retained: 0, missing: 0 };
    for (const { keySql, where, bucket, redact } of fields) {
      const { rows } = await db.query<{ key: string }>(
        `select distinct ${keySql} as key from ${work} w join ${tableName(table)} t on ${same}
         where w.postern_seq > $1 and w.postern_seq <= $2 and w.postern_action in ('detach', 'redact') and ${where}`,
        [after, until],
      );
      for (let at = 0; at < rows.length; at += parallel) {
        transactions.signal.throwIfAborted();
        const some = rows.slice(at, at + parallel);
        const rewrite = ({ key }: { readonly key: string }) =>
          rewriteObject(bucket.store, `${bucket.prefix}${key}`, redact);
        for (const one of await Promise.all(some.map(rewrite))) {
          for (const name of ['rewritten', 'versions', 'retained', 'missing'] as const)
            counts[name] += one[name];
        }
      }
    }
    return { counts };
  });
  return tallies(db, task.work, part);
}

function rewrittenFields({ task, eraser }: ErasureRun, table: string, buckets: readonly ScannedBucket[]) {
  const identity = [...task.graph.identities.values()].find(({ kind }) => kind === 'email');
  const stores = new Map(buckets.map((bucket) => [bucket.bucket, bucket]));
  const own = objectKeys(task.graph.model).filter((one) => one.table === table);
  return rewrittenObjects(task.graph.model.tables.get(table)).flatMap(({ field, parser }) => {
    const named = own.find((one) => one.field === field);
    const bucket = stores.get(named?.bucket ?? '');
    if (named === undefined || bucket === undefined || identity === undefined) return [];
    const redact: Redact = (body) => eraser.redactor.inside(Buffer.from(body), parser, identity);
    return [{ ...named, bucket, redact }];
  });
}

/** What became of one object: how many times each. */
interface Rewritten {
  readonly rewritten: number;
  /** Older ones that named them, and are deleted. */
  readonly versions: number;
  /** A version that names them stays under a lock. */
  readonly retained: number;
  readonly missing: number;
}

async function rewriteObject(store: ObjectStore, key: string, redact: Redact): Promise<Rewritten> {
  let [rewritten, deleted, retained, seen] = [0, 0, 0, 0];
  for (const { versionId, isLatest } of await versionsOf(store, key)) {
    const version = versionId === undefined ? {} : { versionId };
    const clean = redact(await store.get(key, version));
    seen += 1;
    if (clean === undefined) continue;
    if (isLatest) {
      const { contentType, metadata } = (await store.head(key, version)) ?? {};
      await store.put(key, clean, {
        ...(contentType === undefined ? {} : { contentType }),
        ...(metadata === undefined ? {} : { metadata }),
      });
      rewritten = 1;
      // Without versions, the new body has taken the place of the old one.
      if (versionId === undefined) continue;
    }
    const outcome = await store.delete(key, version);
    if (outcome === 'deleted') deleted += 1;
    if (outcome === 'retained') retained += 1;
  }
  return { rewritten, versions: deleted, retained: retained > 0 ? 1 : 0, missing: seen === 0 ? 1 : 0 };
}

async function versionsOf(store: ObjectStore, key: string) {
  const found: { readonly versionId?: string; readonly isLatest: boolean }[] = [];
  try {
    for await (const version of store.listVersions(key)) {
      if (version.key === key && !version.isDeleteMarker) found.push(version);
    }
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'object-missing') throw error;
  }
  return found;
}
