import type { Queryable } from '../../base/postgres.ts';

/**
 * The sets without which others could not be restored: an increment of mail objects refers to what earlier sets hold.
 * What a set needs stands in its encrypted manifest, which who prunes cannot read, and in the state database; of a set
 * that the state database does not know, everything older may be needed, unless the profile makes no increments.
 * @param staying sets that are to stay
 * @param all every complete set
 * @returns needed set to the set that needs it
 */
export async function setsNeededBy(
  db: Queryable,
  profile: string,
  staying: readonly string[],
  all: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ setId: string; base: readonly string[] }>(
    `select set_id as "setId", coalesce(base, '{}') as base
     from postern.backup_set left join postern.backup_object_set using (set_id) where profile = $1`,
    [profile],
  );
  const bases = new Map(rows.map(({ setId, base }) => [setId, base]));
  const makesIncrements = rows.length === 0 || rows.some(({ base }) => base.length > 0);
  const needed = new Map<string, string>();
  for (const setId of staying) {
    const unknown = makesIncrements ? all.filter((older) => older < setId) : [];
    for (const base of bases.get(setId) ?? unknown) needed.set(base, setId);
  }
  return needed;
}
