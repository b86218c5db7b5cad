import type { Client } from '../base/postgres.ts';
import type { KeyCensusResult } from '../key/census/results.ts';
import type { DataMap } from '../platform/map/index.ts';
import type { PosternContext } from './context.ts';
import { configuredMap } from './map-lint.ts';
import type { Column } from './table.ts';

const maps = new WeakMap<PosternContext, Promise<DataMap>>();

/**
 * The data map that the configuration names, read once by a command: plans ask for it at each step, and one of 300
 * tables takes a third of a second.
 * @throws {PosternError} exit 2
 */
export function keyMap(context: PosternContext): Promise<DataMap> {
  const map = maps.get(context) ?? readKeyMap(context);
  maps.set(context, map);
  return map;
}

async function readKeyMap(context: PosternContext): Promise<DataMap> {
  const { loadDataMap } = await import('../platform/map/index.ts');
  return (await loadDataMap(configuredMap(context))).map;
}

/** Runs `work` with a reading session of the platform database, in which a statement may take as long as it takes. */
export async function withPlatform<T>(context: PosternContext, work: (db: Client) => Promise<T>): Promise<T> {
  const { openPlatform } = await import('../platform/connection.ts');
  const db = await openPlatform(await context.platformUrl(), { purpose: 'key', statementTimeout: 0 });
  // Ctrl-C does not wait for a count of many millions of rows: without its session the statement ends too.
  const stop = () => void db.end().catch(() => {});
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    return await work(db);
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  } finally {
    context.signal.removeEventListener('abort', stop);
    await db.end().catch(() => {});
  }
}

type Group = KeyCensusResult['columns'][number]['groups'][number];
type CensusRow = { readonly name: string; readonly group: Group | undefined };

/** A row for every kind of value of every column; one without any for a column that has none. */
export function censusRows({ columns }: KeyCensusResult): readonly CensusRow[] {
  return columns.flatMap(({ table, column, groups }) => {
    const name = `${table}.${column}`;
    const none: readonly CensusRow[] = [{ name, group: undefined }];
    return groups.length === 0 ? none : groups.map((group) => ({ name, group }));
  });
}

export const censusColumns: readonly Column<CensusRow>[] = [
  { header: 'column', value: ({ name }) => name },
  { header: 'values', value: ({ group }) => group?.values ?? 0, align: 'right' },
  { header: 'bytes', value: ({ group }) => group?.bytes ?? 0, align: 'right' },
  { header: 'keys', value: ({ group }) => group?.keys ?? 0, align: 'right' },
  { header: 'state', value: ({ group }) => group && stateOf(group) },
  { header: 'kek', value: ({ group }) => group?.kek ?? undefined },
];

function stateOf({ format, state }: Group): string {
  if (format === 'keyed' || format === 'hashed') return state ?? 'unknown key';
  return { plain: 'in clear', truncated: 'cut off', version: 'unknown format' }[format];
}
