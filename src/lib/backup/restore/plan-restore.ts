import { z } from 'zod';
import { usageError } from '../../base/error.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { openSignedSet, readManifest, unlock } from '../read-set.ts';
import type { RestoreContext } from './context.ts';
import { checkServer } from './preflight.ts';

export const restoreInputs = z.strictObject({
  setId: z.string(),
  manifestSha256: z.string(),
  location: z.string(),
  database: z.string(),
});

/** The steps of every restore, in order; each can be stopped anywhere and done again. */
export const restoreSteps = [
  'create',
  'pre-data',
  'rows',
  'large-objects',
  'sequences',
  'post-data',
  'analyze',
  'compare',
  'open',
] as const;

export type RestoreStep = (typeof restoreSteps)[number];

/**
 * Plans the restore of a set into a new database. Reads the signed manifest, and asks the server whether it can.
 * @throws {PosternError} exit 2 for a bad name; exit 5 for a set that is not what it must be; exit 6 as `checkServer`
 */
export async function planRestore(context: RestoreContext, setId: string, database: string): Promise<Plan> {
  if (database === '' || Buffer.byteLength(database) > 63 || database.includes('\0')) {
    throw usageError(`${JSON.stringify(database)} cannot be the name of a database`, {
      code: 'name-invalid',
      hints: ['a name has 1 to 63 bytes'],
    });
  }
  const set = await openSignedSet(context.sets, setId);
  const { manifest, sha256 } = await readManifest(context.sets, set, await unlock(context.secretKeys));
  const server = await checkServer(context.serverUrl, database, manifest);
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  const summaries: Readonly<Record<RestoreStep, string>> = {
    create: `create an empty database for ${database}, closed to ordinary roles`,
    'pre-data': 'make roles that are missing, then types, functions and tables',
    rows: `load ${rows.toLocaleString('en')} rows into ${manifest.tables.length} tables`,
    'large-objects': `load ${manifest.largeObjects.rows.toLocaleString('en')} large objects`,
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
      database,
    },
    steps: restoreSteps.map((kind) => ({ kind, summary: summaries[kind], inputs: {} })),
    preconditions: [precondition('manifest of the set', sha256), precondition('database is absent', true)],
    effects: {
      'databases created': 1,
      tables: manifest.tables.length,
      rows,
      'large objects': manifest.largeObjects.rows,
    },
  });
}
