import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { ErasureEntry } from './replayer.ts';

/** How much earlier than the snapshot an erasure is repeated: clocks differ, and a transaction may take long. */
const margin = 3_600_000;

/**
 * The erasures that a database as of a moment may lack, oldest first: those that had not come to their end by then. One
 * may be stopped for days and gone on with, and a set of those days holds what was still to go. The margin costs nothing,
 * since repeating an erasure that is there changes nothing.
 */
export async function dueErasures(
  db: Queryable,
  {
    profile,
    source,
    snapshotAt,
  }: { readonly profile: string; readonly source: string; readonly snapshotAt: Date },
): Promise<readonly ErasureEntry[]> {
  const { rows } = await db.query<ErasureEntry>(
    `select entry::text as entry, kind, detail, plan_id as "planId", ${isoTime('erased_at')} as "erasedAt"
     from postern.erasure e where profile = $1 and source = $2
       and (erased_at > $3 or (plan_id is not null and not exists (
         select from postern.plan_journal j
         where j.plan_id = e.plan_id and j.event in ('applied', 'cancelled') and j.at <= $3)))
     order by erased_at, entry`,
    [profile, source, new Date(snapshotAt.getTime() - margin)],
  );
  return rows;
}

/**
 * Whether this state database saw the set being made: one that was lost and made anew has an empty ledger, and would
 * bring every erased person back.
 * @throws {PosternError} exit 6, `erasure-ledger-unknown`
 */
export async function requireLedgerOf(db: Queryable, profile: string, setId: string): Promise<void> {
  const { rowCount } = await db.query('select from postern.backup_set where profile = $1 and set_id = $2', [
    profile,
    setId,
  ]);
  if (rowCount === 1) return;
  throw refused(
    `the state database does not know the set ${setId}, so it cannot know who was erased since it was made`,
    {
      code: 'erasure-ledger-unknown',
      hints: [
        'where the state database was lost, restore it first: `postern backup restore --source state`, and name it under state.url',
        'without any ledger: --without-erasures, which brings erased persons back and is recorded',
      ],
    },
  );
}
