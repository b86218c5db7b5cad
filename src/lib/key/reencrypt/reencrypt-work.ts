import type { Client } from '../../base/postgres.ts';
import { readColumnValue } from '../../crypto/column-value.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import { keysOfBatch, wipeKeys } from '../keyring/data-keys.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { notKeptReason } from '../walk/kept-rows.ts';
import type { PassOutcome, RefusedValue, RowWork } from '../walk/row-work.ts';
import { reencryptValue } from './reencrypt-value.ts';
import { readValues, rereadValues, type ValueRow } from './value-row.ts';
import { type ChangedValue, writeValues } from './write-values.ts';

interface Reencrypted {
  readonly column: WalkedColumn;
  readonly keyring: KeyringTable;
  readonly open: (version: KeyVersion) => Promise<Uint8Array>;
}

/** Values of a column, encrypted again under the active key of their subject. */
export function reencryptWork(task: Reencrypted): RowWork<ValueRow> {
  const { column } = task;
  return {
    table: column.table,
    column: column.column,
    read: (db, options) => readValues(db, column, options),
    reread: (db, keys) => rereadValues(db, column, keys),
    pass: (db, rows) => reencryptRows(task, db, rows),
  };
}

async function reencryptRows(
  { column, keyring, open }: Reencrypted,
  db: Client,
  rows: readonly ValueRow[],
): Promise<PassOutcome> {
  const keys = await keysOfBatch(db, keyring, needsOf(rows), open);
  const changes: ChangedValue[] = [];
  const refused: RefusedValue[] = [];
  try {
    for (const row of rows) {
      const outcome = reencryptValue(row, column.name, keys);
      if (outcome.kind === 'refused') refused.push({ key: row.key, reason: outcome.reason });
      if (outcome.kind === 'changed') changes.push({ ...outcome, key: row.key, old: row.value });
    }
  } finally {
    wipeKeys(keys);
  }
  const { done, notKept } = await writeValues(db, column, changes);
  for (const [at, { key }] of changes.entries())
    if (notKept.has(at)) refused.push({ key, reason: notKeptReason });
  return {
    written: done.size,
    moved: changes.filter((_, at) => !done.has(at) && !notKept.has(at)).map(({ key }) => key),
    refused,
  };
}

function needsOf(rows: readonly ValueRow[]) {
  const ids = new Set<string>();
  const subjects = new Set<string>();
  for (const { value, subject } of rows) {
    const parsed = readColumnValue(value);
    if (typeof parsed !== 'string') ids.add(parsed.keyId);
    if (subject !== null) subjects.add(subject);
  }
  return { ids: [...ids], subjects: [...subjects] };
}
