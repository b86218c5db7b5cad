import type { Queryable } from '../../base/postgres.ts';
import type { BackupContext } from '../context.ts';
import { fileName } from '../format/layout.ts';
import type { ObjectBackup } from './settings.ts';

/** An earlier set whose objects need not be stored again. */
export interface BaseSet {
  readonly setId: string;
  readonly partPlainSize: number;
}

/** What a run may build upon. */
export interface ObjectBase {
  readonly mode: 'full' | 'incremental';
  /** The last full set and what came after it, oldest first; none for a full one. */
  readonly sets: readonly BaseSet[];
}

/**
 * Chooses between a full set and an increment. An increment needs a full set that is young enough, and counts on a set
 * only when every destination of now has it whole, locks its objects as long as this run's set is to be kept, and
 * still shows its manifest.
 */
export async function chooseBase(
  context: BackupContext,
  { fullEvery }: ObjectBackup,
  db: Queryable,
  startedAt: Date,
): Promise<ObjectBase> {
  const sets = await wholeSets(context, db, startedAt);
  const oldest = startedAt.getTime() - fullEvery;
  const lastFull = sets.findLastIndex(
    ({ mode, startedAt: began }) => mode === 'full' && began.getTime() > oldest,
  );
  if (lastFull === -1) return { mode: 'full', sets: [] };
  const base: BaseSet[] = [];
  for (const { setId, mode, partPlainSize } of sets.slice(lastFull)) {
    if (await isEverywhere(context, setId)) base.push({ setId, partPlainSize });
    else {
      context.progress.warn(`the set ${setId} is gone from a destination: what it held is stored again`);
      if (mode === 'full') return { mode: 'full', sets: [] };
    }
  }
  return { mode: 'incremental', sets: base };
}

interface WholeSet extends BaseSet {
  readonly mode: 'full' | 'incremental';
  readonly startedAt: Date;
}

async function wholeSets(
  { profile, destinations }: BackupContext,
  db: Queryable,
  startedAt: Date,
): Promise<readonly WholeSet[]> {
  const { rows } = await db.query<Omit<WholeSet, 'partPlainSize'> & { readonly partPlainSize: string }>(
    `select s.set_id as "setId", o.mode, o.part_plain_size as "partPlainSize", s.started_at as "startedAt"
     from postern.backup_set s join postern.backup_object_set o using (set_id)
     where s.profile = $1 and s.state in ('complete', 'partial') and not exists (
       select from unnest($2::text[], $3::text[], $4::timestamptz[]) as d (name, folder, lock_until)
       where not exists (
         select from postern.backup_copy c
         where c.set_id = s.set_id and c.destination = d.name and c.state = 'complete'
           and c.location = d.folder || s.set_id
           and (d.lock_until is null or c.objects_lock_until >= d.lock_until)))
     order by s.started_at, s.set_id`,
    [
      profile,
      destinations.map(({ name }) => name),
      destinations.map(({ store, prefix }) => `${store.location}/${prefix}`),
      destinations.map(({ lock }) =>
        lock === undefined ? null : new Date(startedAt.getTime() + lock.duration),
      ),
    ],
  );
  return rows.map((row) => ({ ...row, partPlainSize: Number(row.partPlainSize) }));
}

async function isEverywhere({ destinations }: BackupContext, setId: string): Promise<boolean> {
  const manifests = await Promise.all(
    destinations.map(({ store, prefix }) => store.head(`${prefix}${setId}/${fileName.manifest}`)),
  );
  return manifests.every((manifest) => manifest !== undefined);
}

/** Notes that a set holds objects, before the first of them. */
export async function registerObjectSet(
  db: Queryable,
  setId: string,
  { mode, sets }: ObjectBase,
  partPlainSize: number,
): Promise<void> {
  await db.query(
    'insert into postern.backup_object_set (set_id, mode, part_plain_size, base) values ($1, $2, $3, $4)',
    // Until it is known which of them it really needs, it needs all.
    [setId, mode, partPlainSize, sets.map((set) => set.setId)],
  );
}

/** Notes which earlier sets it needs. */
export async function registerBase(db: Queryable, setId: string, base: readonly BaseSet[]): Promise<void> {
  await db.query('update postern.backup_object_set set base = $2 where set_id = $1', [
    setId,
    base.map((set) => set.setId),
  ]);
}

/** Forgets what no later set can build upon: what failed sets held, and what lies before the newest full set. */
export async function forgetOldObjects(db: Queryable, profile: string): Promise<void> {
  await db.query('select postern.forget_backup_objects($1)', [profile]);
}
