import type { Right } from '../../platform/rights.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';

/** What the login that writes data keys wrapped anew needs. */
export const kekRights = ({ table, wrapped, kek, material }: KeyringTable): readonly Right[] => [
  { table, right: 'SELECT' },
  ...[wrapped, kek, material].flatMap((column) =>
    column === undefined ? [] : [{ table, right: 'UPDATE', column } as const],
  ),
];
