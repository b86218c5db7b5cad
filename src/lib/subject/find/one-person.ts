import { refused } from '../../base/error.ts';
import type { Resolved } from './resolve.ts';

/**
 * Makes sure that names are not those of several persons: one table has one row for a person, within one tenant.
 * @throws {PosternError} exit 6, `person-ambiguous`
 */
export function requireOnePerson({ roots }: Resolved): void {
  const places = roots.map(({ table, tenant }) => JSON.stringify([table, tenant]));
  if (new Set(places).size === places.length) return;
  throw refused('the names lead to several persons', {
    code: 'person-ambiguous',
    hints: ['`postern subject find` shows them by their keys; name one of them, or give --tenant'],
  });
}
