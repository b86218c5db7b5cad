import type { Right } from '../../platform/rights.ts';
import type { AdoptedColumn } from './adopted-column.ts';
import type { AdoptMode } from './inputs.ts';

/** What the login that adopts a column needs. */
export function adoptRights(
  { target: { table, column, keyIdColumn }, keyring, source }: AdoptedColumn,
  { mode, makeKeys }: { readonly mode: AdoptMode; readonly makeKeys: string | null },
): readonly Right[] {
  const written = mode === 'finish' ? [source?.column] : [column, keyIdColumn];
  return [
    { table: keyring.table, right: 'SELECT' },
    ...(makeKeys === null ? [] : [{ table: keyring.table, right: 'INSERT' } as const]),
    { table, right: 'SELECT' },
    ...written.flatMap((name) =>
      name === undefined ? [] : [{ table, right: 'UPDATE', column: name } as const],
    ),
  ];
}
