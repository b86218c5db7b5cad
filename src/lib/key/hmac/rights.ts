import type { Right } from '../../platform/rights.ts';
import type { HmacInputs } from './inputs.ts';
import type { HmacScope } from './scope.ts';

/** What the login that rotates an HMAC key needs. */
export function hmacRights(
  { keyring, hashes: hashed }: HmacScope,
  { mode, hashes, next, drained }: Pick<HmacInputs, 'mode' | 'hashes' | 'next' | 'drained'>,
): readonly Right[] {
  const { table, state } = keyring;
  return [
    { table, right: 'SELECT' },
    ...(next?.id === null ? [{ table, right: 'INSERT' } as const] : []),
    ...(mode === 'new' || drained.length > 0 ? [{ table, right: 'UPDATE', column: state } as const] : []),
    ...hashed.flatMap(({ source }): readonly Right[] =>
      source.kind === 'encrypted' ? [{ table: source.keyring.table, right: 'SELECT' }] : [],
    ),
    ...hashes.flatMap(({ table: of, column }): readonly Right[] => [
      { table: of, right: 'SELECT' },
      { table: of, right: 'UPDATE', column },
    ]),
  ];
}
