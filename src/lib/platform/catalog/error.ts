import { failure, messageOf, type PosternError } from '../../base/error.ts';
import { sqlState } from '../../base/postgres.ts';

/** Turns what the server said while the catalog was read into an error that a person can act on. */
export function catalogError(error: unknown): PosternError {
  const state = sqlState(error);
  if (state === '55P03' || state === '57014') {
    return failure(`the catalog could not be read in time: ${messageOf(error)}`, {
      code: 'catalog-timeout',
      cause: error,
      hints: [
        'another session holds a lock on a table, as ALTER TABLE does: pg_stat_activity shows it; run this again afterwards',
      ],
    });
  }
  return failure(`the catalog cannot be read: ${messageOf(error)}`, {
    code: 'catalog-unreadable',
    cause: error,
    hints: state === '42501' ? ['the role needs what every role has by default: to read pg_catalog'] : [],
  });
}
