import type { Client } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns } from '../../platform/map/index.ts';
import { countColumn } from './count-column.ts';
import { columnFindings, undeclaredFinding } from './findings.ts';
import type { CensusColumn, KeyCensusResult } from './results.ts';
import { undeclaredColumns } from './undeclared.ts';

export interface CensusOptions {
  /** `all`: columns that the map does not call encrypted are looked at too, which reads every bytea column. */
  readonly columns: 'all' | 'declared';
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Counts all encrypted values of a platform by the keys that they name. Changes nothing, decrypts nothing. */
export async function takeCensus(
  db: Client,
  map: DataMap,
  { columns, progress, signal }: CensusOptions,
): Promise<KeyCensusResult> {
  const catalog = await readCatalog(db);
  const declared = encryptedColumns(map);
  const counted: CensusColumn[] = [];
  for (const column of declared.filter(({ format }) => format === 'postern')) {
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
  signal.throwIfAborted();
  const undeclared = columns === 'all' ? await undeclaredColumns(db, catalog, map) : [];
  return {
    database: catalog.database.name,
    columns: counted,
    otherFormats: declared
      .filter(({ format }) => format === 'other')
      .map(({ table, column }) => ({ table, column })),
    lookedForUndeclared: columns === 'all',
    findings: [...counted.flatMap(columnFindings), ...undeclared.map(undeclaredFinding)],
  };
}
