import { PosternError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { openColumnValue, readColumnValue } from '../../crypto/column-value.ts';
import { keyedHash } from '../../crypto/keyed-hash.ts';
import type { HashParity } from '../../platform/map/index.ts';
import { type BatchKeys, keysOfBatch, wipeKeys } from '../keyring/data-keys.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import { notKeptReason } from '../walk/kept-rows.ts';
import type { PassOutcome, RefusedValue, RowWork } from '../walk/row-work.ts';
import { type HashRow, readHashRows, rereadHashRows } from './hash-row.ts';
import type { HashedColumn } from './hashed-column.ts';
import { type HashChange, type WrittenHashes, writeHashes } from './write-hashes.ts';

export interface Hashing {
  readonly hashed: HashedColumn;
  /** The HMAC key of a version, in clear; it belongs to whoever made this. */
  readonly key: Uint8Array;
  /** Where the hashes of that version stand. */
  readonly parity: HashParity;
  /** Opens the data keys of an encrypted source. */
  readonly open: (version: KeyVersion) => Promise<Uint8Array>;
}

/** Writes each hash where another stands, or none; and removes those of rows that have no value any more. */
export const fillWork = (task: Hashing): RowWork<HashRow> => ({
  ...rowsOf(task),
  pass: (db, rows) =>
    withHashes(task, db, rows, async (hashes, refused) => {
      const changes = hashes.filter(({ row, hash }) => row.hashes[task.parity] !== hash);
      return written(await writeHashes(db, task.hashed, task.parity, changes), changes, refused);
    }),
});

/** Finds rows whose hash is missing or another. Writes nothing. */
export const checkWork = (task: Hashing): RowWork<HashRow> => ({
  ...rowsOf(task),
  pass: (db, rows) =>
    withHashes(task, db, rows, (hashes, refused) => {
      sameRows(task, hashes, refused);
      return Promise.resolve({ written: 0, moved: [] });
    }),
});

/** Empties the other column where the hash of this version is right. */
export const clearWork = (task: Hashing): RowWork<HashRow> => ({
  ...rowsOf(task),
  pass: (db, rows) =>
    withHashes(task, db, rows, async (hashes, refused) => {
      const other = task.parity === 'odd' ? 'even' : 'odd';
      const changes = sameRows(task, hashes, refused)
        .filter((row) => row.hashes[other] !== null)
        .map((row) => ({ row, hash: null }));
      return written(await writeHashes(db, task.hashed, other, changes), changes, refused);
    }),
});

const rowsOf = ({ hashed, parity }: Hashing) => ({
  table: hashed.table,
  column: hashed.columns[parity],
  read: (db: Client, options: Parameters<typeof readHashRows>[2]) => readHashRows(db, hashed, options),
  reread: (db: Client, keys: readonly (readonly string[])[]) => rereadHashRows(db, hashed, keys),
});

function written(
  { done, notKept, notUnique }: WrittenHashes,
  changes: readonly HashChange[],
  refused: RefusedValue[],
): Omit<PassOutcome, 'refused'> {
  const refuse = (at: number, reason: string) => refused.push({ key: changes[at]?.row.key ?? [], reason });
  for (const at of notUnique) refuse(at, 'hash-not-unique');
  for (const at of notKept) refuse(at, notKeptReason);
  return {
    written: done.size,
    moved: changes
      .filter((_, at) => !done.has(at) && !notKept.has(at) && !notUnique.has(at))
      .map(({ row }) => row.key),
  };
}

function sameRows(
  { parity }: Hashing,
  hashes: readonly HashChange[],
  refused: RefusedValue[],
): readonly HashRow[] {
  const same: HashRow[] = [];
  for (const { row, hash } of hashes) {
    if (row.hashes[parity] === hash) same.push(row);
    else
      refused.push({ key: row.key, reason: row.hashes[parity] === null ? 'hash-missing' : 'hash-differs' });
  }
  return same;
}

async function withHashes(
  { hashed, key, open }: Hashing,
  db: Client,
  rows: readonly HashRow[],
  work: (hashes: readonly HashChange[], refused: RefusedValue[]) => Promise<Omit<PassOutcome, 'refused'>>,
): Promise<PassOutcome> {
  const refused: RefusedValue[] = [];
  const { source } = hashed;
  const keys =
    source.kind === 'encrypted' ? await keysOfBatch(db, source.keyring, needsOf(rows), open) : undefined;
  try {
    const hashes: HashChange[] = [];
    for (const row of rows) {
      const hash = hashOf(hashed, key, row, keys);
      if (hash !== null && typeof hash === 'object') refused.push({ key: row.key, reason: hash.problem });
      else hashes.push({ row, hash });
    }
    return { ...(await work(hashes, refused)), refused };
  } finally {
    if (keys !== undefined) wipeKeys(keys);
  }
}

/** The hash in PostgreSQL's text, null where there is no value. Nothing about a single value throws. */
function hashOf(
  hashed: HashedColumn,
  key: Uint8Array,
  row: HashRow,
  keys: BatchKeys | undefined,
): string | null | { readonly problem: string } {
  if (row.source === null) return null;
  const opened = keys === undefined ? row.source : openSource(hashed, row, keys);
  // Shredded: nobody can read the value any more, and nobody is to be found by it.
  if ('problem' in opened && opened.problem === 'key-destroyed') return null;
  if (!Buffer.isBuffer(opened)) return opened;
  const hash = keyedHash(key, opened, hashed);
  // What was opened here stands nowhere else; what was read may be tried again.
  if (opened !== row.source) opened.fill(0);
  if (typeof hash === 'string') return { problem: hash };
  return hashed.encoding === 'bytea' ? `\\x${hash.toString('hex')}` : hash.toString('hex');
}

function openSource(
  { source }: HashedColumn,
  { source: value, primaryKey, subject }: HashRow,
  keys: BatchKeys,
): Buffer | { readonly problem: string } {
  if (value === null || source.kind !== 'encrypted') throw new TypeError('there is nothing to open');
  const parsed = readColumnValue(value);
  if (typeof parsed === 'string') return { problem: parsed };
  if (subject === null) return { problem: 'subject-missing' };
  const found = keys.byId.get(parsed.keyId);
  if (found === undefined) return { problem: 'key-unknown' };
  if (found.version.subject !== subject) return { problem: 'key-of-another-subject' };
  if ('problem' in found) return { problem: found.problem };
  try {
    return openColumnValue(value, found.dataKey, { ...source.sealed.name, primaryKey, subject });
  } catch (error) {
    if (error instanceof PosternError && error.code !== undefined) return { problem: error.code };
    throw error;
  }
}

function needsOf(rows: readonly HashRow[]) {
  const ids = new Set<string>();
  for (const { source } of rows) {
    const parsed = source === null ? 'none' : readColumnValue(source);
    if (typeof parsed !== 'string') ids.add(parsed.keyId);
  }
  return { ids: [...ids], subjects: [] };
}
