import { z } from 'zod';
import { usageError } from '../../base/error.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { openSignedSet, readManifest, unlock } from '../read-set.ts';
import { sourceIn } from '../source-in.ts';
import type { RestoreContext } from './context.ts';
import { chooseKeyring } from './keyring.ts';
import { checkServer } from './preflight.ts';

export const restoreInputs = z.strictObject({
  setId: z.string(),
  manifestSha256: z.string(),
  location: z.string(),
  /** Which database of the set. */
  source: z.string(),
  /** The new database. */
  database: z.string(),
  /** Whose keyring gives the wrapped keys; null: the database has none, or no keyring is left. */
  keyring: z.strictObject({ setId: z.string() }).nullable(),
});

/** The steps of every restore, in order; each can be stopped anywhere and done again. */
export const restoreSteps = [
  'create',
  'pre-data',
  'rows',
  'keyring',
  'large-objects',
  'sequences',
  'post-data',
  'analyze',
  'compare',
  'open',
] as const;

export type RestoreStep = (typeof restoreSteps)[number];

export interface RestoreOptions {
  /** The new database. */
  readonly database: string;
  /** Which database of the set; `platform` unless told. */
  readonly source?: string;
}

/**
 * Plans the restore of a set into a new database. Reads the signed manifest, and asks the server whether it can.
 * @throws {PosternError} exit 2 for a bad name; exit 5 for a set that is not what it must be; exit 6 as `checkServer`
 */
export async function planRestore(
  context: RestoreContext,
  setId: string,
  { database, source: name = 'platform' }: RestoreOptions,
): Promise<Plan> {
  if (database === '' || Buffer.byteLength(database) > 63 || database.includes('\0')) {
    throw usageError(`${JSON.stringify(database)} cannot be the name of a database`, {
      code: 'name-invalid',
      hints: ['a name has 1 to 63 bytes'],
    });
  }
  const set = await openSignedSet(context.sets, setId);
  const { manifest, sha256 } = await readManifest(context.sets, set, await unlock(context.secretKeys));
  const { source } = sourceIn(manifest, name);
  const server = await checkServer(context.serverUrl, database, source);
  const keyring = await chooseKeyring(context, manifest, name);
  const rows = source.tables.reduce((sum, table) => sum + table.rows, 0);
  const wrappedKeys = source.keyring.reduce((sum, table) => sum + table.rows, 0);
  const summaries: Readonly<Record<RestoreStep, string>> = {
    create: `create an empty database for ${database}, closed to ordinary roles`,
    'pre-data': 'make roles that are missing, then types, functions and tables',
    rows: `load ${rows.toLocaleString('en')} rows into ${source.tables.length} tables`,
    keyring: keyringSummary(wrappedKeys, keyring?.setId, setId),
    'large-objects': `load ${source.largeObjects.rows.toLocaleString('en')} large objects`,
    sequences: 'set the sequences',
    'post-data': 'make indexes, constraints, triggers and policies',
    analyze: 'gather statistics',
    compare: 'read everything back and compare it with the manifest',
    open: `restore owner, privileges and settings of the database, and name it ${database}`,
  };
  return createPlan(context, {
    kind: 'backup.restore',
    target: { systemIdentifier: server.systemIdentifier, database },
    inputs: {
      setId,
      manifestSha256: sha256,
      location: `${context.sets.store.location}/${context.sets.prefix}${setId}`,
      source: name,
      database,
      keyring: keyring === undefined ? null : { setId: keyring.setId },
    },
    steps: restoreSteps.map((kind) => ({ kind, summary: summaries[kind], inputs: {} })),
    preconditions: [precondition('manifest of the set', sha256), precondition('database is absent', true)],
    effects: {
      'databases created': 1,
      tables: source.tables.length,
      rows,
      'large objects': source.largeObjects.rows,
      'wrapped keys': wrappedKeys,
    },
  });
}

function keyringSummary(wrappedKeys: number, from: string | undefined, own: string): string {
  if (wrappedKeys === 0) return 'no wrapped keys to load';
  if (from === undefined) return 'load no wrapped keys: no keyring is left';
  const count = wrappedKeys.toLocaleString('en');
  return from === own
    ? `load ${count} wrapped keys`
    : `load what the keyring of ${from} still has of ${count} wrapped keys`;
}
