import type { Right } from '../../platform/rights.ts';
import type { KeyringScope } from './scope.ts';

/** What the login that re-encrypts needs. */
export function reencryptRights(
  { keyring, columns }: KeyringScope,
  keys: 'new' | 'active',
): readonly Right[] {
  return [
    { table: keyring.table, right: 'SELECT' },
    { table: keyring.table, right: 'UPDATE', column: keyring.state },
    ...(keys === 'new' ? [{ table: keyring.table, right: 'INSERT' } as const] : []),
    ...columns.flatMap(({ table, column, keyIdColumn }): readonly Right[] => [
      { table, right: 'SELECT' },
      { table, right: 'UPDATE', column },
      ...(keyIdColumn === undefined ? [] : [{ table, right: 'UPDATE', column: keyIdColumn } as const]),
    ]),
  ];
}
