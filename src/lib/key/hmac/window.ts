import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';

/**
 * For as long as the window lasts, applications may still look up by the old column, or have to go back to it.
 * @throws {PosternError} exit 6: `hmac-window`
 */
export async function requireWindowOver(
  state: Queryable,
  now: Date,
  {
    profile,
    keyring,
    active,
    windowSeconds,
  }: {
    readonly profile: string;
    readonly keyring: string;
    /** Of the active version. */
    readonly active: number;
    readonly windowSeconds: number;
  },
): Promise<void> {
  if (windowSeconds === 0) return;
  const { rows } = await state.query<{ at: string }>(
    `select ${isoTime('j.at')} as at from postern.plan p
     join postern.plan_journal j on j.plan_id = p.id and j.event = 'applied'
     where p.kind = 'key.rotate-hmac' and p.profile = $1 and p.text::jsonb #>> '{inputs,keyring}' = $2
       and p.text::jsonb #>> '{inputs,mode}' = 'new' and p.text::jsonb #>> '{inputs,next,version}' = $3
     order by j.entry desc limit 1`,
    [profile, keyring, String(active)],
  );
  const at = rows[0]?.at;
  if (at === undefined) {
    throw refused(`no rotation on record tells since when version ${active} of ${keyring} is complete`, {
      code: 'hmac-window',
      hints: [
        'apply the plan that rotates to its end: `postern plan list`',
        'where it was rotated in another way, --window 0 asks for no time; every hash is compared in any case',
      ],
    });
  }
  const until = new Date(Date.parse(at) + windowSeconds * 1000);
  if (until <= now) return;
  throw refused(`${keyring} was rotated at ${at}, and the window ends at ${until.toISOString()}`, {
    code: 'hmac-window',
    hints: [
      'until then applications can go back to the old column; --window says how long that must be possible',
    ],
  });
}
