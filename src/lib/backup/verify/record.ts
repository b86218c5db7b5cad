import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import { bestEffort } from '../best-effort.ts';
import type { TableSum } from '../format/row-checksum.ts';
import type { VerifyOptions } from './job.ts';
import { samplePercentage } from './level.ts';
import { asOfSeed, newSeed } from './sample.ts';

/** A file that was found good. */
export interface FileRecord {
  readonly sha256: string;
  /** `opened`: the contents were compared too. */
  readonly depth: 'read' | 'opened';
  /** Of a part with rows. */
  readonly sum: TableSum | undefined;
}

/** What is kept of a verification while it goes on; without a state database, nothing. */
export interface VerifyRecord {
  /** When the verification that is gone on with was begun; undefined: this one is new. */
  readonly resumedFrom: string | undefined;
  /** Decides the sample; undefined for the other levels. */
  readonly seed: string | undefined;
  /** What was found good since it was begun. */
  readonly done: ReadonlyMap<string, FileRecord>;
  /** Files that were looked at, in whichever verification, before the seed's time. */
  readonly seen: ReadonlySet<string>;
  add(file: string, record: FileRecord): Promise<void>;
  finish(): Promise<void>;
}

interface Subject {
  readonly profile: string;
  readonly setId: string;
  readonly destination: string;
}

const without = 'this verification cannot be resumed';

/** Begins a verification on record, or goes on with the newest of this set and level that did not end. */
export async function openRecord(options: VerifyOptions, subject: Subject): Promise<VerifyRecord> {
  const { state, progress } = options;
  const kept =
    state === undefined
      ? undefined
      : await bestEffort(progress, without, () => begin(state, options, subject));
  return kept ?? unkept(options);
}

function unkept({ level, seed }: VerifyOptions): VerifyRecord {
  return {
    resumedFrom: undefined,
    seed: samplePercentage(level) === undefined ? undefined : (seed ?? newSeed(undefined)),
    done: new Map(),
    seen: new Set(),
    add: async () => {},
    finish: async () => {},
  };
}

interface Begun {
  readonly verification: string;
  readonly seed: string | null;
  readonly startedAt: string;
}

async function begin(db: Queryable, options: VerifyOptions, subject: Subject): Promise<VerifyRecord> {
  const open = options.mode === 'resume' ? await findOpen(db, options, subject) : undefined;
  const { verification, seed, startedAt } = open ?? (await insert(db, options, subject));
  const asOf = seed === null ? undefined : asOfSeed(seed);
  let isKept = true;
  const keep = async (work: () => Promise<unknown>): Promise<void> => {
    if (!isKept) return;
    isKept = (await bestEffort(options.progress, without, async () => (await work(), true))) === true;
  };
  return {
    resumedFrom: open?.startedAt,
    seed: seed ?? undefined,
    done: open === undefined ? new Map() : await filesSince(db, subject, startedAt),
    seen: asOf === undefined ? new Set() : await filesBefore(db, subject, asOf),
    add: (file, record) => keep(() => addFile(db, subject, file, record)),
    finish: () =>
      keep(() =>
        db.query(
          'update postern.backup_verification set finished_at = clock_timestamp() where verification = $1',
          [verification],
        ),
      ),
  };
}

async function findOpen(
  db: Queryable,
  { level, seed }: VerifyOptions,
  { setId, destination }: Subject,
): Promise<Begun | undefined> {
  const { rows } = await db.query<Begun & { readonly isFinished: boolean }>(
    `select verification, seed, ${exactTime('started_at')} as "startedAt", finished_at is not null as "isFinished"
     from postern.backup_verification
     where destination = $1 and set_id = $2 and level = $3 and ($4::text is null or seed = $4)
     order by started_at desc limit 1`,
    [destination, setId, level, seed ?? null],
  );
  return rows[0]?.isFinished === false ? rows[0] : undefined;
}

async function insert(
  db: Queryable,
  { level, seed, batch }: VerifyOptions,
  { profile, setId, destination }: Subject,
): Promise<Begun> {
  const { rows } = await db.query<{ now: string }>(`select ${isoTime('clock_timestamp()')} as now`);
  const chosen = samplePercentage(level) === undefined ? null : (seed ?? newSeed(rows[0]?.now));
  const inserted = await db.query<Begun>(
    `insert into postern.backup_verification (profile, set_id, destination, level, seed, batch)
     values ($1, $2, $3, $4, $5, $6) returning verification, seed, ${exactTime('started_at')} as "startedAt"`,
    [profile, setId, destination, level, chosen, batch ?? null],
  );
  const [begun] = inserted.rows;
  if (begun === undefined) throw new Error('the insert returned no row');
  return begun;
}

async function filesSince(
  db: Queryable,
  { setId, destination }: Subject,
  startedAt: string,
): Promise<ReadonlyMap<string, FileRecord>> {
  const { rows } = await db.query<{
    readonly file: string;
    readonly sha256: string;
    readonly depth: FileRecord['depth'];
    readonly rows: string | null;
    readonly checksum: string | null;
  }>(
    `select file, sha256, depth, rows, checksum from postern.backup_file_check
     where destination = $1 and set_id = $2 and checked_at >= $3`,
    [destination, setId, startedAt],
  );
  return new Map(
    rows.map(({ file, sha256, depth, rows: count, checksum }) => [
      file,
      {
        sha256,
        depth,
        sum: count === null || checksum === null ? undefined : { rows: Number(count), checksum },
      },
    ]),
  );
}

async function filesBefore(
  db: Queryable,
  { setId, destination }: Subject,
  time: string,
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ file: string }>(
    'select file from postern.backup_file_check where destination = $1 and set_id = $2 and first_at < $3',
    [destination, setId, time],
  );
  return new Set(rows.map(({ file }) => file));
}

async function addFile(
  db: Queryable,
  { setId, destination }: Subject,
  file: string,
  { sha256, depth, sum }: FileRecord,
): Promise<void> {
  await db.query(
    `insert into postern.backup_file_check (set_id, destination, file, sha256, depth, rows, checksum)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (destination, set_id, file) do update set
       sha256 = excluded.sha256, depth = excluded.depth, rows = excluded.rows, checksum = excluded.checksum,
       checked_at = clock_timestamp()`,
    [setId, destination, file, sha256, depth, sum?.rows ?? null, sum?.checksum ?? null],
  );
}

/** To the microsecond, so that what was recorded right after it is not before it. */
function exactTime(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
