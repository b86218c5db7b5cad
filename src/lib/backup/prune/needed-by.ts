import type { Queryable } from '../../base/postgres.ts';

/**
 * The sets without which others could not be restored: a set of mail objects that holds only what is new needs the
 * sets that hold the rest. A run that has not ended may need all that it can build upon.
 * @returns needed set to the set that needs it
 */
export async function setsNeededBy(
  state: Queryable,
  setIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await state.query<{ needed: string; by: string }>(
    `select needed, max(o.set_id) as by
     from postern.backup_object_set o join postern.backup_set s using (set_id), unnest(o.base) as needed
     where o.set_id = any($1) or s.state = 'running'
     group by needed`,
    [setIds],
  );
  return new Map(rows.map(({ needed, by }) => [needed, by]));
}
