import type { Client } from '../../base/postgres.ts';
import { readColumnValue } from '../../crypto/column-value.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { keysOfBatch, wipeKeys } from './data-keys.ts';
import { reencryptValue } from './reencrypt-value.ts';
import { rereadValues, type ValueRow } from './value-row.ts';
import { type ChangedValue, writeValues } from './write-values.ts';

export interface ReencryptTask {
  readonly db: Client;
  readonly column: WalkedColumn;
  readonly keyring: KeyringTable;
  readonly open: (version: KeyVersion) => Promise<Uint8Array>;
}

/** What became of a batch. */
export interface BatchOutcome {
  readonly seen: number;
  readonly written: number;
  /** How often a value was another by the time it was to be replaced; it was read again. */
  readonly moved: number;
  readonly refused: readonly RefusedValue[];
}

export interface RefusedValue {
  readonly key: readonly string[];
  readonly reason: string;
}

/** How often a value that the application keeps changing is read again, before it is left to a later pass. */
const attempts = 5;

/** Encrypts the values of a batch again; never over a change that the application made meanwhile. */
export async function reencryptBatch(task: ReencryptTask, rows: readonly ValueRow[]): Promise<BatchOutcome> {
  const refused: RefusedValue[] = [];
  let written = 0;
  let moved = 0;
  let pending = rows;
  for (let attempt = 1; pending.length > 0; attempt += 1) {
    if (attempt > attempts) {
      refused.push(...pending.map(({ key }) => ({ key, reason: 'value-busy' })));
      break;
    }
    const conflicts = await onePass(task, pending, refused);
    written += conflicts.written;
    moved += conflicts.keys.length;
    pending = await rereadValues(task.db, task.column, conflicts.keys);
  }
  return { seen: rows.length, written, moved, refused };
}

async function onePass(
  { db, column, keyring, open }: ReencryptTask,
  rows: readonly ValueRow[],
  refused: RefusedValue[],
): Promise<{ readonly written: number; readonly keys: readonly (readonly string[])[] }> {
  const keys = await keysOfBatch(db, keyring, needsOf(rows), open);
  const changes: ChangedValue[] = [];
  try {
    for (const row of rows) {
      const outcome = reencryptValue(row, column.name, keys);
      if (outcome.kind === 'refused') refused.push({ key: row.key, reason: outcome.reason });
      if (outcome.kind === 'changed') changes.push({ ...outcome, key: row.key, old: row.value });
    }
  } finally {
    wipeKeys(keys);
  }
  const done = await writeValues(db, column, changes);
  return {
    written: done.size,
    keys: changes.filter((_, index) => !done.has(index)).map(({ key }) => key),
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
