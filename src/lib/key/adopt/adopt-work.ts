import type { Client } from '../../base/postgres.ts';
import { readColumnValue } from '../../crypto/column-value.ts';
import { type BatchKeys, keysOfBatch, wipeKeys } from '../keyring/data-keys.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import { type ChangedRows, notKeptReason } from '../walk/kept-rows.ts';
import type { PassOutcome, RefusedValue, RowWork } from '../walk/row-work.ts';
import { type AdoptRow, readAdoptRows, rereadAdoptRows } from './adopt-row.ts';
import type { AdoptedColumn } from './adopted-column.ts';
import { compareTarget, sealRow } from './seal-row.ts';
import type { SourceDecoder } from './source-decoder.ts';
import { clearSource, type SealedRow, writeSealed } from './write-rows.ts';

export interface Adopting {
  readonly adopted: AdoptedColumn;
  readonly decode: SourceDecoder;
  readonly open: (version: KeyVersion) => Promise<Uint8Array>;
}

/** Encrypts what is in clear where its encrypted value is missing, or is another: the column in clear decides. */
export const sealWork = (task: Adopting): RowWork<AdoptRow> => ({
  ...rowsOf(task),
  pass: (db, rows) =>
    withPlaintexts(task, db, rows, async (plaintexts, keys, refused) => {
      const sealed: SealedRow[] = [];
      for (const { row, plaintext } of plaintexts) {
        const { name } = task.adopted.target;
        const compared = compareTarget(row, plaintext, name, keys);
        if (typeof compared === 'object' && !isShredded(compared, plaintext))
          refused.push({ key: row.key, reason: compared.problem });
        if (compared === 'same' || typeof compared === 'object' || plaintext === null) continue;
        const outcome = sealRow(row, plaintext, name, keys);
        if ('problem' in outcome) refused.push({ key: row.key, reason: outcome.problem });
        else sealed.push({ ...outcome, row });
      }
      const changed = await writeSealed(db, task.adopted, sealed);
      return written(
        changed,
        sealed.map(({ row }) => row),
        refused,
      );
    }),
});

/** Finds rows whose encrypted value does not open to the one in clear. Writes nothing. */
export const checkWork = (task: Adopting): RowWork<AdoptRow> => ({
  ...rowsOf(task),
  pass: (db, rows) =>
    withPlaintexts(task, db, rows, (plaintexts, keys, refused) => {
      sameRows(task, plaintexts, keys, refused);
      return Promise.resolve({ written: 0, moved: [] });
    }),
});

/** Empties the column in clear where the encrypted value opens to the same. */
export const clearWork = (task: Adopting): RowWork<AdoptRow> => ({
  ...rowsOf(task),
  pass: (db, rows) =>
    withPlaintexts(task, db, rows, async (plaintexts, keys, refused) => {
      const same = sameRows(task, plaintexts, keys, refused);
      return written(await clearSource(db, task.adopted, same), same, refused);
    }),
});

/** In place, a value that was encrypted and then shredded needs nothing any more; one in clear beside it does. */
const isShredded = ({ problem }: { readonly problem: string }, plaintext: Uint8Array | null): boolean =>
  plaintext === null && problem === 'key-destroyed';

function written(
  { done, notKept }: ChangedRows,
  rows: readonly AdoptRow[],
  refused: RefusedValue[],
): Omit<PassOutcome, 'refused'> {
  for (const [at, { key }] of rows.entries())
    if (notKept.has(at)) refused.push({ key, reason: notKeptReason });
  return {
    written: done.size,
    moved: rows.filter((_, at) => !done.has(at) && !notKept.has(at)).map(({ key }) => key),
  };
}

const rowsOf = ({ adopted }: Adopting) => ({
  table: adopted.target.table,
  // Of a value that is copied, it is the one in clear that cannot be adopted.
  column: adopted.source?.column ?? adopted.target.column,
  read: (db: Client, options: Parameters<typeof readAdoptRows>[2]) => readAdoptRows(db, adopted, options),
  reread: (db: Client, keys: readonly (readonly string[])[]) => rereadAdoptRows(db, adopted, keys),
});

interface Plaintext {
  readonly row: AdoptRow;
  /** Null in place, where the value is encrypted by now. */
  readonly plaintext: Uint8Array | null;
}

function sameRows(
  { adopted }: Adopting,
  plaintexts: readonly Plaintext[],
  keys: BatchKeys,
  refused: RefusedValue[],
): readonly AdoptRow[] {
  const same: AdoptRow[] = [];
  for (const { row, plaintext } of plaintexts) {
    const compared = compareTarget(row, plaintext, adopted.target.name, keys);
    if (compared === 'same') same.push(row);
    else refused.push({ key: row.key, reason: reasonOf(compared) });
  }
  return same;
}

function reasonOf(compared: 'none' | 'other' | { readonly problem: string }): string {
  if (typeof compared === 'object') return compared.problem;
  return compared === 'none' ? 'adopt-missing' : 'adopt-differs';
}

async function withPlaintexts(
  { adopted, decode, open }: Adopting,
  db: Client,
  rows: readonly AdoptRow[],
  work: (
    plaintexts: readonly Plaintext[],
    keys: BatchKeys,
    refused: RefusedValue[],
  ) => Promise<Omit<PassOutcome, 'refused'>>,
): Promise<PassOutcome> {
  const refused: RefusedValue[] = [];
  const keys = await keysOfBatch(db, adopted.keyring, needsOf(rows), open);
  const plaintexts: Plaintext[] = [];
  try {
    for (const row of rows) {
      const decoded = row.source === null ? null : await decode(row.source);
      if (decoded !== null && 'problem' in decoded) refused.push({ key: row.key, reason: decoded.problem });
      else plaintexts.push({ row, plaintext: decoded });
    }
    return { ...(await work(plaintexts, keys, refused)), refused };
  } finally {
    wipeKeys(keys);
    // A batch may be tried again, with the rows that were read: what stands in them stays.
    for (const { plaintext, row } of plaintexts) if (plaintext !== row.source) plaintext?.fill(0);
  }
}

function needsOf(rows: readonly AdoptRow[]) {
  const ids = new Set<string>();
  const subjects = new Set<string>();
  for (const { target, subject } of rows) {
    const parsed = target === null ? 'none' : readColumnValue(target);
    if (typeof parsed !== 'string') ids.add(parsed.keyId);
    if (subject !== null) subjects.add(subject);
  }
  return { ids: [...ids], subjects: [...subjects] };
}
