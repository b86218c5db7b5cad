import { refused } from '../../base/error.ts';
import type { Resolved } from './resolve.ts';

/**
 * Makes sure that names are not those of several persons: one table has one row for a person, within one tenant.
 * @param isSaid whether somebody said that they are one person's, whatever the tables have
 * @throws {PosternError} exit 6, `person-ambiguous`
 */
export function requireOnePerson({ roots }: Resolved, isSaid = false): void {
  if (isSaid) return;
  const places = roots.map(({ table, tenant }) => JSON.stringify([table, tenant]));
  if (new Set(places).size === places.length) return;
  throw refused('the names lead to several persons', {
    code: 'person-ambiguous',
    hints: [
      '`postern subject find` shows them by their keys; name one of them',
      'where several share a name, as that of an office, say so by --shared NAME; where all of the rows are one person, by --one-person',
    ],
  });
}
