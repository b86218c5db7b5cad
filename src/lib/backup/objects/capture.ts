import type { Queryable } from '../../base/postgres.ts';
import type { OpenSource } from '../capture/database.ts';
import type { SetWriter } from '../capture/set-writer.ts';
import type { BackupContext } from '../context.ts';
import { objectsPartName } from '../format/layout.ts';
import type { ManifestObjects } from '../format/manifest.ts';
import { chooseBase, registerBase, registerObjectSet } from './base-sets.ts';
import { fetchAhead, type ReadyItem } from './fetch-ahead.ts';
import { objectIdentity } from './identity.ts';
import type { IndexLine } from './index-line.ts';
import { indexWriter } from './index-writer.ts';
import { inventory } from './inventory.ts';
import { lookUp, objectMemory } from './known-objects.ts';
import { memberNames } from './member-name.ts';
import { openObjectFiles } from './object-files.ts';
import { type ObjectPack, packObjects } from './pack-objects.ts';
import { partStream } from './part-stream.ts';
import { holdReferences } from './references.ts';
import type { ObjectBucket } from './settings.ts';
import { objectTally } from './tally.ts';

export interface CaptureRun {
  readonly setId: string;
  readonly startedAt: Date;
  readonly state: Queryable;
  /** Copied already: their snapshots end here. */
  readonly sources: readonly OpenSource[];
  readonly writer: SetWriter;
}

/**
 * Puts the mail objects into the set: every object of the buckets, and every one that a snapshot refers to, stands in
 * the index; the bytes of those that no earlier set holds go into an archive.
 * @returns null when the profile names no buckets
 * @throws {PosternError} exit 1 (a store cannot be listed or read), exit 2 `object-map-stale`
 */
export async function captureObjects(
  context: BackupContext,
  run: CaptureRun,
): Promise<ManifestObjects | null> {
  const { objects, options, progress, signal } = context;
  warnOfUncovered(context);
  if (objects === undefined) return null;
  const { setId, state, writer } = run;
  const base = await chooseBase(context, objects, state, run.startedAt);
  await registerObjectSet(state, setId, base, options.partSize);
  const known = base.sets.map((set) => set.setId);
  const tally = objectTally(setId);
  const step = progress.step(`copying mail objects, ${base.mode}`, { unit: 'objects' });
  const buckets = inOrder(objects.buckets);
  const references = await holdReferences(
    run.sources,
    buckets.map(({ name }) => name),
  );
  for (const { snapshot } of run.sources) await snapshot.endTransaction();
  const files = await openObjectFiles(context, writer);
  try {
    const archive = partStream(options.partSize, (part, bytes, size) =>
      files.put(objectsPartName(part), 'objects', bytes, size),
    );
    const index = indexWriter(files);
    const memory = objectMemory(state, setId);
    const pack = packObjects(archive, memory, setId);
    for (const bucket of buckets) {
      const items = inventory(bucket, references.keysOf(bucket.name));
      const names = memberNames(bucket.name);
      for await (const ready of fetchAhead(lookUp(state, items, known), signal)) {
        const line = await keep(pack, names, ready);
        if (line === undefined) continue;
        tally.add(line);
        await index.add(line);
        step.advance(1);
      }
    }
    await pack.finish();
    await archive.finish();
    const { checksum } = await index.finish();
    await files.finish();
    await memory.finish();
    step.done();
    const totals = tally.totals(buckets.map(({ name }) => name));
    warn(context, totals);
    const needed = base.sets.filter((set) => tally.sets().has(set.setId));
    await registerBase(state, setId, needed);
    return {
      mode: base.mode,
      base: [...needed],
      ...totals,
      partPlainSize: options.partSize,
      archiveSize: archive.offset,
      checksum,
    };
  } finally {
    await files.close();
  }
}

/** What the index says of an item; an object that no set holds yet is stored on the way. */
async function keep(
  pack: ObjectPack,
  names: (key: string) => string,
  ready: ReadyItem,
): Promise<IndexLine | undefined> {
  if (ready.kind === 'gone') return undefined;
  if (ready.kind === 'missing') {
    const { bucket, key, reason, referenced } = ready;
    return { bucket: bucket.name, key, missing: true, reason, referenced };
  }
  const name = names(ready.item.key);
  if (ready.kind !== 'known') return pack.add(ready, name, objectIdentity(ready.item));
  const { bucket, key, versionId, modified, referenced, state } = ready.item;
  return {
    bucket: bucket.name,
    key,
    ...(versionId === undefined ? {} : { versionId }),
    modified: modified.toISOString(),
    ...ready.known,
    referenced,
    ...(state === 'deleted' ? { deleted: true as const } : {}),
  };
}

/** What rows refer to and no set holds would be missed on the day of the restore. */
function warnOfUncovered({ sources, objects, progress }: BackupContext): void {
  const covered = new Set(objects?.buckets.map(({ name }) => name));
  const named = new Set(sources.flatMap(({ objectKeys = [] }) => objectKeys.map(({ bucket }) => bucket)));
  for (const bucket of [...named].filter((name) => !covered.has(name)).toSorted())
    progress.warn(
      `rows refer to objects of the bucket ${bucket}, which backup.objects does not name: they are not in the set`,
    );
}

function inOrder(buckets: readonly ObjectBucket[]): readonly ObjectBucket[] {
  return buckets.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

const reasons = {
  absent: 'that rows refer to are not in the store',
  damaged: 'are damaged in the store itself',
  name: 'have a key that no store could take back',
} as const;

function warn({ progress }: BackupContext, { missing }: Pick<ManifestObjects, 'missing'>): void {
  for (const [reason, words] of Object.entries(reasons)) {
    const number = missing[reason as keyof typeof reasons];
    if (number > 0)
      progress.warn(`${number.toLocaleString('en')} mail objects ${words}: they are not in the set`);
  }
}
