import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { DestroyContext } from './context.ts';

/** A database of the platform, as a rule looks at it. */
export interface LookedAt {
  /** What stands in front of a table's name in a message: nothing for the platform's main database. */
  readonly label: string;
  readonly db: Client;
  readonly map: DataMap;
}

/**
 * Looks at every database of the platform whose map is known, in a session of its own.
 * @returns a sentence for each that has no map
 */
export async function eachDatabase(
  context: DestroyContext,
  look: (database: LookedAt) => Promise<void>,
): Promise<readonly string[]> {
  const untold: string[] = [];
  const { signal } = context;
  const main = { name: '', open: () => context.openReader(), map: () => context.map() };
  for (const database of [main, ...context.otherDatabases]) {
    signal.throwIfAborted();
    const { name } = database;
    if (database.map === undefined) {
      untold.push(`platform.databases.${name} has no map: its encrypted columns and keyrings are not known`);
      continue;
    }
    const known = await database.map();
    const db = await database.open();
    const stop = () => void db.end().catch(() => {});
    signal.addEventListener('abort', stop, { once: true });
    try {
      await look({ label: name === '' ? '' : `${name}: `, db, map: known });
    } finally {
      signal.removeEventListener('abort', stop);
      await db.end().catch(() => {});
    }
  }
  return untold;
}
