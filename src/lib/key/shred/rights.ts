import type { Right } from '../../platform/rights.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';

/** What the login that shreds needs. */
export const shredRights = ({ table, wrapped, state }: KeyringTable): readonly Right[] => [
  { table, right: 'SELECT' },
  { table, right: 'UPDATE', column: wrapped },
  { table, right: 'UPDATE', column: state },
];
