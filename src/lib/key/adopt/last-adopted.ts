import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';

interface Wanted {
  readonly profile: string;
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly column: string;
  readonly windowSeconds: number;
}

/**
 * For as long as the window lasts, applications write both columns, or may have to go back to the one in clear.
 * @throws {PosternError} exit 6: `adopt-not-done`, `adopt-window`
 */
export async function requireWindowOver(
  state: Queryable,
  now: Date,
  { profile, table, column, windowSeconds }: Wanted,
): Promise<void> {
  const { rows } = await state.query<{ at: string }>(
    `select ${isoTime('j.at')} as at from postern.plan p
     join postern.plan_journal j on j.plan_id = p.id and j.event = 'applied'
     where p.kind = 'key.adopt' and p.profile = $1 and p.text::jsonb #>> '{inputs,table}' = $2
       and p.text::jsonb #>> '{inputs,column}' = $3 and p.text::jsonb #>> '{inputs,mode}' = 'copy'
     order by j.entry desc limit 1`,
    [profile, table, column],
  );
  const at = rows[0]?.at;
  if (at === undefined) {
    throw refused(`no plan that adopts ${table}.${column} was applied to its end`, {
      code: 'adopt-not-done',
      hints: [`\`postern key adopt ${table}.${column}\` encrypts the values first`],
    });
  }
  const until = new Date(Date.parse(at) + windowSeconds * 1000);
  if (until <= now) return;
  throw refused(`${table}.${column} was adopted at ${at}, and the window ends at ${until.toISOString()}`, {
    code: 'adopt-window',
    hints: [
      'until then applications can go back to the column in clear; --window says how long that must be possible',
    ],
  });
}
