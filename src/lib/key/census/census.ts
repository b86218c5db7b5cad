import type { Client } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, keyedHashes } from '../../platform/map/index.ts';
import { byteaColumn } from '../column/walked-column.ts';
import { countColumn } from './count-column.ts';
import { type CountedHashes, countHashes } from './count-hashes.ts';
import { columnFindings, missingFinding, undeclaredFinding } from './findings.ts';
import type { CensusColumn, KeyCensusResult } from './results.ts';
import { undeclaredColumns } from './undeclared.ts';

export interface CensusOptions {
  /** `all`: columns that the map does not call encrypted are looked at too, which reads every bytea column. */
  readonly columns: 'all' | 'declared';
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Counts all encrypted values and keyed hashes of a platform by their keys. Changes nothing, decrypts nothing.
 * @throws {PosternError} before anything is counted, as `byteaColumn`
 */
export async function takeCensus(
  db: Client,
  map: DataMap,
  { columns, progress, signal }: CensusOptions,
): Promise<KeyCensusResult> {
  const catalog = await readCatalog(db);
  const declared = encryptedColumns(map);
  const own = declared.filter(({ format }) => format === 'postern');
  for (const column of own) byteaColumn(column, catalog);
  const counted: CensusColumn[] = [];
  for (const column of own) {
    signal.throwIfAborted();
    const step = progress.step(`count ${column.table}.${column.column}`);
    const groups = await countColumn(db, column);
    step.done();
    counted.push({
      table: column.table,
      column: column.column,
      keyring: column.keyring?.table ?? null,
      values: groups.reduce((sum, { values }) => sum + values, 0),
      bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
      groups: [...groups],
    });
  }
  const missing: CountedHashes['missing'][] = [];
  for (const hash of keyedHashes(map)) {
    const { keyring } = hash;
    if (keyring === undefined) continue;
    signal.throwIfAborted();
    const step = progress.step(`count hashes of ${hash.table}.${hash.source}`);
    const sealed = declared.find(({ table, column }) => table === hash.table && column === hash.source);
    const found = await countHashes(db, { ...hash, keyring }, sealed);
    step.done();
    counted.push(...found.columns);
    missing.push(found.missing);
  }
  signal.throwIfAborted();
  const undeclared = columns === 'all' ? await undeclaredColumns(db, catalog, map) : [];
  return {
    database: catalog.database.name,
    columns: counted,
    otherFormats: declared
      .filter(({ format }) => format === 'other')
      .map(({ table, column }) => ({ table, column })),
    lookedForUndeclared: columns === 'all',
    findings: [
      ...counted.flatMap(columnFindings),
      ...missing.flatMap(missingFinding),
      ...undeclared.map(undeclaredFinding),
    ],
  };
}
