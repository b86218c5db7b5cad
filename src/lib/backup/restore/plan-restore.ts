import { z } from 'zod';
import { counted } from '../../base/counted.ts';
import { usageError } from '../../base/error.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { readDueErasures } from '../erasure/replay.ts';
import { chooseTables, partitionsIn } from './choose-tables.ts';
import type { RestoreContext } from './context.ts';
import { chooseKeyring } from './keyring-choice.ts';
import { keyringEffects, keyringForecast, keyringSummary, loud } from './keyring-text.ts';
import { requireArchives } from './object-archives.ts';
import { objectsSummary, readObjectTargets } from './objects-to.ts';
import { openSource, readScript } from './opened-set.ts';
import { checkServer } from './preflight.ts';
import { databaseSteps } from './steps.ts';
import { loadedTables, type OpenedSet } from './work.ts';

export const restoreInputs = z.strictObject({
  setId: z.string(),
  manifestSha256: z.string(),
  /** The destination that the set is read from. */
  destination: z.string(),
  location: z.string(),
  /** Which database of the set. */
  source: z.string(),
  /** The new database. */
  database: z.string(),
  /** The tables whose rows are loaded, quoted; null: all. */
  tables: z.array(z.string()).nullable(),
  /** Whose keyring gives the wrapped keys; null: the database has none, or no keyring is left. */
  keyring: z.strictObject({ setId: z.string() }).nullable(),
  /** Sets whose keyring was asked for and is gone before its time. */
  lostKeyrings: z.array(z.string()).default([]),
  /** Whether the erasures since the snapshot are repeated. */
  erasures: z.enum(['replay', 'skip']),
  /** Where the mail objects go, by bucket; null: none is restored. */
  objects: z
    .record(z.string(), z.strictObject({ store: z.string(), prefix: z.string() }).nullable())
    .nullable(),
});

/** The steps of every restore, in order; each can be stopped anywhere and done again. */
export const restoreSteps = [...databaseSteps, 'objects', 'open'] as const;

export type RestoreStep = (typeof restoreSteps)[number];

export interface RestoreOptions {
  /** The new database. */
  readonly database: string;
  /** Which database of the set; `platform` unless told. */
  readonly source?: string;
  /** `schema.name`; the rows of all tables unless told. */
  readonly tables?: readonly string[];
  /** `skip` brings persons back who were erased since; `replay` unless told. */
  readonly erasures?: 'replay' | 'skip';
  /** `STORE[/PREFIX]` or `BUCKET=STORE[/PREFIX]`; no mail objects unless told. */
  readonly objectsTo?: readonly string[];
}

/**
 * Plans the restore of a set into a new database. Reads the signed manifest, and asks the server whether it can.
 * @throws {PosternError} exit 2 for a bad name, `table-unknown`; exit 5 for a set that is not what it must be, and as
 * `requireArchives`; exit 6 as `checkServer` and `readDueErasures`
 */
export async function planRestore(
  context: RestoreContext,
  setId: string,
  {
    database,
    source: name = 'platform',
    tables: asked = [],
    erasures = 'replay',
    objectsTo = [],
  }: RestoreOptions,
): Promise<Plan> {
  requireName(database);
  const opened = await openSource(context, setId, name);
  const { manifest, manifestSha256, source } = opened;
  const tables =
    asked.length === 0
      ? null
      : chooseTables(asked, source, partitionsIn(await readScript(context, opened, 'pre-data')));
  const objects = objectsTo.length === 0 ? null : await readObjectTargets(context, objectsTo, manifest);
  if (objects !== null) await requireArchives(context, opened, objects);
  const server = await checkServer(context.serverUrl, database, source);
  const chosen = tables === null ? undefined : new Set(tables);
  const choice = await chooseKeyring(context, opened, { chosen });
  const lostKeys = keyringForecast(choice, { source: name, destination: context.sets.destination });
  if (lostKeys !== undefined) context.progress.warn(loud(lostKeys));
  const due = erasures === 'skip' ? 'not due' : await readDueErasures(context, opened);
  const counts = {
    tables: loadedTables({ chosen, source }).length,
    rows: loadedTables({ chosen, source }).reduce((sum, table) => sum + table.rows, 0),
    largeObjects: chosen === undefined ? source.largeObjects.rows : 0,
    erasures: due === 'not due' ? 0 : due.reduce((sum, { entries }) => sum + entries.length, 0),
  };
  const summaries: Readonly<Record<RestoreStep, string>> = {
    create: `create an empty database for ${database}, closed to ordinary roles`,
    'pre-data': 'make roles that are missing, then types, functions and tables',
    rows: rowsSummary(counts, tables === null ? undefined : source.tables.length),
    keyring: keyringSummary(choice, setId),
    'large-objects':
      chosen === undefined
        ? `load ${counted(counts.largeObjects, 'large object')}`
        : 'load no large objects, as they belong to no table',
    sequences: 'set the sequences',
    'post-data':
      chosen === undefined
        ? 'make indexes, constraints, triggers and policies'
        : 'make indexes, constraints, triggers and policies; foreign keys to tables that are not loaded stay unchecked',
    analyze: 'gather statistics',
    compare:
      chosen === undefined
        ? 'read everything back and compare it with the manifest'
        : 'read what was loaded back and compare it with the manifest',
    erasures: erasuresSummary(erasures, opened),
    objects: objectsSummary(objects),
    open: `restore owner, privileges and settings of the database, and name it ${database}`,
  };
  return createPlan(context, {
    kind: 'backup.restore',
    target: { systemIdentifier: server.systemIdentifier, database },
    inputs: {
      setId,
      manifestSha256,
      destination: context.sets.destination,
      location: `${context.sets.store.location}/${context.sets.prefix}${setId}`,
      source: name,
      database,
      tables: tables === null ? null : [...tables],
      keyring: choice.keyring,
      lostKeyrings: [...choice.lostKeyrings],
      erasures,
      objects: objects === null ? null : { ...objects },
    },
    steps: restoreSteps.map((kind) => ({ kind, summary: summaries[kind], inputs: {} })),
    preconditions: [
      precondition('manifest of the set', manifestSha256),
      precondition('database is absent', true),
    ],
    effects: {
      'databases created': 1,
      tables: counts.tables,
      rows: counts.rows,
      'large objects': counts.largeObjects,
      ...keyringEffects(choice, setId),
      'erasures repeated': counts.erasures,
    },
  });
}

function requireName(database: string): void {
  if (database !== '' && Buffer.byteLength(database) <= 63 && !database.includes('\0')) return;
  throw usageError(`${JSON.stringify(database)} cannot be the name of a database`, {
    code: 'name-invalid',
    hints: ['a name has 1 to 63 bytes'],
  });
}

/** @param all how many tables the database has, where only some are loaded */
function rowsSummary(
  { rows, tables }: { readonly rows: number; readonly tables: number },
  all: number | undefined,
): string {
  const into = all === undefined ? counted(tables, 'table') : `${tables} of ${counted(all, 'table')}`;
  return `load ${counted(rows, 'row')} into ${into}`;
}

function erasuresSummary(erasures: 'replay' | 'skip', { source, manifest }: OpenedSet): string {
  if (source.name === 'state') return 'no erasures to repeat: the state database holds no persons';
  return erasures === 'skip'
    ? `REPEAT NO ERASURES: whoever was erased since ${manifest.startedAt} is back`
    : `repeat the erasures since ${manifest.startedAt}`;
}
