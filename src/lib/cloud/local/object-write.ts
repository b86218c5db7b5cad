import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder, writeFileAtomic } from '../../base/atomic-file.ts';
import { objectExists } from '../object-error.ts';
import type { PutOptions } from '../object-store.ts';
import { errno } from './file-error.ts';
import { segmentNameFile, versionFolder } from './object-path.ts';
import {
  dataFile,
  encodeRecord,
  type FoundVersion,
  listSequences,
  type ObjectRecord,
  readRecord,
  recordFile,
  sequencesOf,
} from './object-record.ts';

const dayInMilliseconds = 86_400_000;

/** The parts of a record that name one version of one key. */
export interface WriteTarget {
  readonly root: string;
  readonly location: string;
  readonly key: string;
  readonly now: Date;
  readonly durability: Durability;
}

/**
 * `synced`: on the disk before `put` returns. `fast`: without fsync, several times as many objects a second on a slow disk; a power
 * failure can then lose or cut what was stored last, which reading finds. For data that can be made again.
 */
export type Durability = 'synced' | 'fast';

/**
 * Writes the bytes under a name of their own, then commits them by creating the next record, which only one writer
 * can do. Until that moment the object does not exist.
 * @throws {PosternError} `object-exists`; system errors as they are
 */
export async function writeVersion(
  target: WriteTarget,
  body: Uint8Array,
  { ifNoneMatch, contentType, retention, metadata }: PutOptions,
): Promise<FoundVersion> {
  const { folder } = versionFolder(target.root, target.key);
  if (ifNoneMatch === '*') await refuseWhenTaken(target, folder);
  const record: ObjectRecord = {
    key: target.key,
    kind: 'object',
    versionId: newVersionId(),
    size: body.byteLength,
    sha256: createHash('sha256').update(body).digest('hex'),
    modified: target.now.toISOString(),
    ...(contentType !== undefined && { contentType }),
    ...(retention && { retention: { mode: retention.mode, until: retention.until.toISOString() } }),
    ...(metadata && { metadata }),
  };
  const data = dataFile(folder, record.versionId);
  try {
    await writeData(target, record.versionId, body);
    const sequence = await commit(target, folder, record, ifNoneMatch);
    return { sequence, record };
  } catch (error) {
    await unlink(data).catch(() => {});
    await pruneFolders(folder, join(target.root, 'versions'));
    throw error;
  }
}

/** Hides the key behind a delete marker; false when there is nothing to hide. */
export async function writeDeleteMarker(target: WriteTarget): Promise<boolean> {
  const { folder } = versionFolder(target.root, target.key);
  const [newest] = await listSequences(folder);
  const record = newest === undefined ? undefined : await readRecord(folder, newest);
  if (record === undefined || record.kind === 'delete-marker') return false;
  await commit(target, folder, {
    key: target.key,
    kind: 'delete-marker',
    versionId: newVersionId(),
    size: 0,
    sha256: createHash('sha256').digest('hex'),
    modified: target.now.toISOString(),
  });
  return true;
}

/** Removes one version for good, and the folders that it leaves empty. The caller has asked about retention. */
export async function removeVersion(
  target: WriteTarget,
  sequence: number,
  record: ObjectRecord,
): Promise<void> {
  const { folder } = versionFolder(target.root, target.key);
  await unlink(recordFile(folder, sequence));
  await syncFolder(folder);
  await rm(dataFile(folder, record.versionId), { force: true });
}

/** Removes empty folders from `folder` up to, not including, `top`; a concurrent writer makes them again. */
export async function pruneFolders(folder: string, top: string): Promise<void> {
  for (let at = folder; at !== top && at.startsWith(top); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

async function refuseWhenTaken({ location, key }: WriteTarget, folder: string): Promise<void> {
  const [newest] = await listSequences(folder);
  const record = newest === undefined ? undefined : await readRecord(folder, newest);
  if (record?.kind === 'object') throw objectExists(location, key);
}

async function commit(
  target: WriteTarget,
  folder: string,
  record: ObjectRecord,
  ifNoneMatch?: PutOptions['ifNoneMatch'],
): Promise<number> {
  for (;;) {
    const names = await readdir(folder);
    const sequences = sequencesOf(names);
    const next = (sequences[0] ?? 0) + 1;
    if (ifNoneMatch === '*') await refuseWhenTaken(target, folder);
    try {
      await createRecord(target, recordFile(folder, next), encodeRecord(record));
    } catch (error) {
      if (errno(error) === 'EEXIST') continue;
      throw error;
    }
    // Beside each record lie its bytes; what is more was left by a writer that died, or is about to be committed.
    const files = names.filter(isData);
    const own = record.kind === 'object' ? 1 : 0;
    if (files.length > sequences.length + own)
      await sweepLeftovers(folder, recordFile(folder, next)).catch(() => {});
    return next;
  }
}

async function createRecord({ durability }: WriteTarget, path: string, text: string): Promise<void> {
  if (durability === 'synced') return writeFileAtomic(path, text, { when: 'create' });
  const temporary = join(dirname(path), `.tmp-${randomBytes(8).toString('hex')}`);
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, path);
  } finally {
    await unlink(temporary);
  }
}

async function writeData(target: WriteTarget, versionId: string, body: Uint8Array): Promise<void> {
  const { folder } = versionFolder(target.root, target.key);
  const path = dataFile(folder, versionId);
  for (;;) {
    await makeFolder(target);
    try {
      await writeOnce(path, body, target.durability);
      return;
    } catch (error) {
      // A deletion of the last version pruned the folder between mkdir and open.
      if (errno(error) !== 'ENOENT') throw error;
    }
  }
}

async function writeOnce(path: string, body: Uint8Array, durability: Durability): Promise<void> {
  // Read-only from birth: what is stored is never changed in place, not even by a person's editor.
  const handle = await open(path, 'wx', 0o400);
  try {
    await handle.writeFile(body);
    if (durability === 'synced') await handle.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

async function makeFolder({ root, key, durability }: WriteTarget): Promise<void> {
  const { folder, named } = versionFolder(root, key);
  const outermost = await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { folder: shortened, segment } of named) {
    await writeFileAtomic(join(shortened, segmentNameFile), segment);
  }
  if (outermost === undefined || durability === 'fast') return;
  for (let at = dirname(folder); at.length >= dirname(outermost).length; at = dirname(at))
    await syncFolder(at);
}

/**
 * Removes what writers that died in the middle left here: files that no record names and that are a day older than
 * `written`, by the file system's own clock.
 */
async function sweepLeftovers(folder: string, written: string): Promise<void> {
  const names = await readdir(folder);
  const suspects = names.filter(isData);
  const sequences = await listSequences(folder);
  const records = await Promise.all(sequences.map((sequence) => readRecord(folder, sequence)));
  const kept = new Set(records.map((record) => `${record?.versionId}.data`));
  const now = (await stat(written)).mtimeMs;
  for (const name of suspects.filter((suspect) => !kept.has(suspect))) {
    const { mtimeMs } = await stat(join(folder, name));
    if (now - mtimeMs > dayInMilliseconds) await rm(join(folder, name), { force: true });
  }
}

function isData(name: string): boolean {
  return name.endsWith('.data') || name.startsWith('.tmp-');
}

function newVersionId(): string {
  return randomBytes(16).toString('hex');
}
