import { counted } from '../../base/counted.ts';
import type { CountedHashes } from './count-hashes.ts';
import type { CensusColumn, CensusFinding } from './results.ts';
import type { UndeclaredColumn } from './undeclared.ts';

/** What is wrong with a column's values, one finding a kind. */
export function columnFindings(column: CensusColumn): readonly CensusFinding[] {
  const { table, keyring, groups } = column;
  const sum = (wanted: (group: CensusColumn['groups'][number]) => boolean): number =>
    groups.filter(wanted).reduce((total, { values }) => total + values, 0);
  const tell = (code: CensusFinding['code'], values: number, what: string): readonly CensusFinding[] =>
    values === 0
      ? []
      : [{ code, table, column: column.column, values, message: `${counted(values, 'value')} ${what}` }];
  const keyed = groups.filter(({ format }) => format === 'keyed');
  const differing = groups.reduce((total, group) => total + group.differing, 0);
  return [
    ...tell(
      'value-plain',
      sum(({ format }) => format === 'plain'),
      'in clear, in a column that is called encrypted',
    ),
    ...tell(
      'value-truncated',
      sum(({ format }) => format === 'truncated'),
      'cut off',
    ),
    ...tell(
      'value-version',
      sum(({ format }) => format === 'version'),
      'of a format that this postern does not know',
    ),
    ...(keyring === null
      ? tell(
          'keyring-undeclared',
          sum(({ format }) => format === 'keyed'),
          'under keys of which the map knows no keyring',
        )
      : tell(
          'key-unknown',
          sumOf(keyed.filter(({ state }) => state === null)),
          `under keys that ${keyring} does not have`,
        )),
    ...tell(
      'key-compromised',
      sum(({ format, state }) => (format === 'keyed' || format === 'hashed') && state === 'compromised'),
      'under compromised keys',
    ),
    ...tell(
      'key-old',
      sumOf(
        keyed.filter(
          // Under `destroyed` they were shredded, and are to stay.
          ({ state }) =>
            state !== null && !['active', 'pre-active', 'compromised', 'destroyed'].includes(state),
        ),
      ),
      'under keys that are no longer active',
    ),
    ...tell('key-id-differs', differing, 'beside a key id that is not theirs'),
    ...tell(
      'key-old',
      sum(
        ({ format, state }) =>
          format === 'hashed' &&
          !['pre-active', 'active', 'decrypt-only', 'compromised'].includes(state ?? ''),
      ),
      'in the column of a version that is no longer used',
    ),
  ];
}

/** Rows that nobody finds by the active version; none where each has its hash. */
export function missingFinding({
  table,
  column,
  values,
}: CountedHashes['missing']): readonly CensusFinding[] {
  if (values === 0) return [];
  const message = `${counted(values, 'row')} without the hash of the active version`;
  return [{ code: 'hash-missing', table, column, values, message }];
}

export function undeclaredFinding({ table, column, values }: UndeclaredColumn): CensusFinding {
  const message = `${counted(values, 'encrypted value')} in a column that the map does not call encrypted`;
  return { code: 'column-undeclared', table, column, values, message };
}

const sumOf = (groups: readonly { readonly values: number }[]): number =>
  groups.reduce((total, { values }) => total + values, 0);
