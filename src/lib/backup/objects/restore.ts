import { integrityError, PosternError, refused } from '../../base/error.ts';
import type { Progress } from '../../base/progress.ts';
import type { ObjectStore, PutOptions } from '../../cloud/object-store.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import type { Manifest } from '../format/manifest.ts';
import type { StoredLine } from './index-line.ts';
import { propertiesOf } from './pack-objects.ts';
import { objectArchive } from './read-archive.ts';
import { readIndex } from './read-index.ts';
import { type ObjectSets, type ReadableSet } from './readable-set.ts';

/** Where the objects of a bucket go. */
export interface ObjectTarget {
  readonly store: ObjectStore;
  /** Stands in front of every key. */
  readonly prefix: string;
}

export interface RestoreObjectsOptions {
  /** By the bucket's name; every bucket of the set must be here, or be left out on purpose by `undefined`. */
  readonly targets: Readonly<Record<string, ObjectTarget | undefined>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface RestoredObjects {
  /** Objects that the target has now, as the set has them, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Those that were put now; the others were there already. */
  readonly stored: number;
  /** Those that the set itself lacks. */
  readonly missing: number;
  /** Those that the target took only without the metadata that the source had. */
  readonly withoutMetadata: number;
}

/** Objects that are on their way to the target at the same time, and their bytes together. */
const limits = { objects: 16, bytes: 32 * 2 ** 20 } as const;

/**
 * Puts every object of a set into a store, from the archives of the set and of those that it builds upon. Nothing is
 * ever written over: what is there and equal is passed over, so that doing it twice is doing it once.
 * @throws {PosternError} exit 2 `bucket-untold`; exit 5; exit 6 `object-differs` when the target has something else
 * under a key, after all others have been restored
 */
export async function restoreObjects(
  sets: ObjectSets,
  manifest: Manifest,
  options: RestoreObjectsOptions,
): Promise<RestoredObjects> {
  const { objects } = manifest;
  if (objects === null)
    throw refused(`the set ${manifest.setId} holds no mail objects`, { code: 'objects-none' });
  const targets = objects.buckets.map(({ name }) => {
    if (name in options.targets) return name;
    throw refused(`nothing says where the objects of the bucket ${name} are to go`, {
      code: 'bucket-untold',
    });
  });
  const own = await sets.openSet(manifest.setId);
  const step = options.progress.step(`restoring mail objects of ${targets.join(', ')}`, {
    total: objects.count,
    unit: 'objects',
  });
  const work = puts(options);
  const archives = [...objects.base, { setId: manifest.setId, partPlainSize: objects.partPlainSize }];
  const known = new Set(archives.map(({ setId }) => setId));
  let missing = 0;
  for (const [index, { setId, partPlainSize }] of archives.entries()) {
    const readable: ReadableSet = setId === manifest.setId ? own : await sets.openSet(setId);
    const archive = objectArchive(sets, readable, partPlainSize);
    for await (const { line } of readIndex(sets, own, manifest)) {
      options.signal.throwIfAborted();
      if ('missing' in line) {
        if (index === 0) missing += 1;
        continue;
      }
      if (!known.has(line.set)) throw notInBase(line);
      const target = options.targets[line.bucket];
      if (line.set !== setId || target === undefined) continue;
      const { member, body } = await archive.read(line);
      // A PUT takes the whole object, and nothing may be put before its hash has been compared.
      const bytes = await whole(body, line.size);
      await work.add(target, line, bytes, propertiesOf(member.attributes));
      step.advance(1);
    }
  }
  const outcome = await work.finish();
  step.done();
  return { ...outcome, missing };
}

function notInBase({ bucket, key, set }: StoredLine): Error {
  return integrityError(
    `the index says that ${bucket}/${key} is in ${set}, which the manifest does not name`,
    {
      code: 'set-inconsistent',
    },
  );
}

async function whole(body: AsyncGenerator<Buffer>, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let used = 0;
  for await (const piece of body) used += piece.copy(bytes, used);
  return bytes;
}

/** Several PUTs at a time. */
function puts({ progress }: RestoreObjectsOptions) {
  const underway = new Set<Promise<void>>();
  let bytesUnderway = 0;
  let failed: { readonly error: unknown } | undefined;
  const counts = { objects: 0, bytes: 0, stored: 0, withoutMetadata: 0 };
  const differing: string[] = [];
  const check = (): void => {
    if (failed !== undefined) throw failed.error;
  };
  const put = async (
    { store, prefix }: ObjectTarget,
    line: StoredLine,
    bytes: Buffer,
    properties: PutOptions,
  ): Promise<void> => {
    const key = prefix + line.key;
    const outcome = await putOnce(store, key, bytes, properties);
    if (outcome === 'taken' && !(await isEqual(store, key, line))) {
      differing.push(`${line.bucket}/${line.key}`);
      return;
    }
    counts.objects += 1;
    counts.bytes += line.size;
    if (outcome !== 'taken') counts.stored += 1;
    if (outcome === 'without-metadata') counts.withoutMetadata += 1;
  };
  return {
    add: async (
      target: ObjectTarget,
      line: StoredLine,
      bytes: Buffer,
      properties: PutOptions,
    ): Promise<void> => {
      while (
        underway.size >= limits.objects ||
        (underway.size > 0 && bytesUnderway + bytes.byteLength > limits.bytes)
      )
        await Promise.race(underway);
      check();
      bytesUnderway += bytes.byteLength;
      const work: Promise<void> = put(target, line, bytes, properties)
        .catch((error: unknown) => {
          failed ??= { error };
        })
        .finally(() => {
          bytesUnderway -= bytes.byteLength;
          underway.delete(work);
        });
      underway.add(work);
    },
    finish: async () => {
      await Promise.all(underway);
      check();
      if (counts.withoutMetadata > 0)
        progress.warn(
          `${counts.withoutMetadata} mail objects came back without metadata that no header can carry`,
        );
      if (differing.length === 0) return counts;
      throw refused(
        `${differing.length} mail objects were not restored, because the store has something else under their keys: ${differing.slice(0, 3).join(', ')}`,
        {
          code: 'object-differs',
          hints: ['restore into an empty store or prefix; nothing is ever written over'],
        },
      );
    },
  };
}

type PutOutcome = 'stored' | 'without-metadata' | 'taken';

async function putOnce(
  store: ObjectStore,
  key: string,
  bytes: Uint8Array,
  { contentType, metadata }: PutOptions,
): Promise<PutOutcome> {
  const common = { ifNoneMatch: '*', ...(contentType === undefined ? {} : { contentType }) } as const;
  try {
    await store.put(key, bytes, { ...common, ...(metadata === undefined ? {} : { metadata }) });
    return 'stored';
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    if (error.code === 'object-exists') return 'taken';
    if (error.code !== 'object-metadata-invalid' || metadata === undefined) throw error;
    const outcome = await putOnce(store, key, bytes, common);
    return outcome === 'stored' ? 'without-metadata' : outcome;
  }
}

async function isEqual(store: ObjectStore, key: string, { size, sha256 }: StoredLine): Promise<boolean> {
  const found = await store.head(key);
  if (found?.size !== size) return false;
  return (found.sha256 ?? sha256Hex(await store.get(key))) === sha256;
}
