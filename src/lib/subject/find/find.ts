import { messageOf, usageError } from '../../base/error.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import { personGraph } from '../graph/person-graph.ts';
import type { KnownValues } from '../identity/spots.ts';
import { countRows } from './count-rows.ts';
import { type Resolved, type Resolving, resolvePerson } from './resolve.ts';
import type { SubjectFindResult } from './results.ts';

export interface FindOptions {
  /** An address, or `subject.identity=value`. */
  readonly who: readonly string[];
  readonly tenant: string | undefined;
  readonly signal: AbortSignal;
  /** Told before each table. */
  readonly onTable?: (table: string) => void;
}

type Found = Omit<SubjectFindResult, 'backups'>;

/**
 * Finds out what a platform holds of a person: their names to the last, and how many rows are theirs, shared with
 * others, or name them. Nothing is changed, and no value is returned.
 * @throws {PosternError} exit 2: `identity-unknown`, `subject-empty`; as `resolvePerson`
 */
export async function findPerson(db: Client, map: DataMap, options: FindOptions): Promise<Found> {
  // All tables as they were at one moment; nothing is to be rolled back, and the session ends with its transaction.
  await db.query('begin isolation level repeatable read read only');
  const graph = personGraph(map);
  const resolving: Resolving = {
    graph,
    tenant: options.tenant,
    isUtf8: await normalisesUnicode(db),
    signal: options.signal,
  };
  const resolved = await resolvePerson(db, resolving, seedsOf(graph, options.who));
  const rows: Found['rows'] = [];
  const unasked: Found['unasked'] = [];
  for (const table of graph.model.tables.values()) {
    options.signal.throwIfAborted();
    options.onTable?.(table.name);
    await db.query('savepoint before_table');
    try {
      rows.push(...(await countRows(db, resolving, resolved, table)));
    } catch (error) {
      if (sqlState(error) === undefined) throw error;
      await db.query('rollback to before_table');
      unasked.push({ source: table.name, reason: messageOf(error) });
    }
  }
  return {
    verdict: verdictOf(resolved, rows),
    names: [...resolved.known].map(([kind, { size }]) => ({ kind, values: size })),
    persons: resolved.roots.map(({ table, key, tenant }) => ({ table, key: [...key], tenant })),
    rows,
    unasked,
  };
}

/** One table has one row for a person, within one tenant. */
function verdictOf({ roots }: Resolved, rows: Found['rows']): Found['verdict'] {
  const places = roots.map(({ table, tenant }) => JSON.stringify([table, tenant]));
  if (new Set(places).size < places.length) return 'ambiguous';
  if (roots.length > 0) return 'found';
  return rows.length > 0 ? 'mentioned' : 'none';
}

function seedsOf(graph: ReturnType<typeof personGraph>, who: readonly string[]): KnownValues {
  const seeds = new Map<string, Set<string>>();
  for (const given of who) {
    const [, name = '', value = ''] = /^([a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*)=(.*)$/s.exec(given) ?? [];
    const kind = name === '' ? 'email' : graph.identities.get(name)?.kind;
    if (kind === undefined) throw unknownIdentity(graph, name);
    const text = (name === '' ? given : value).trim();
    if (text === '') throw usageError('no person was given', { code: 'subject-empty' });
    if (name === '' && !/^[^@\s]+@[^@\s]+$/.test(text)) {
      throw usageError('that is no address', {
        code: 'address-invalid',
        hints: [`for another identity, give its name too: ${[...graph.identities.keys()].join('=…, ')}=…`],
      });
    }
    seeds.set(kind, (seeds.get(kind) ?? new Set()).add(text));
  }
  return seeds;
}

function unknownIdentity({ identities }: ReturnType<typeof personGraph>, name: string): Error {
  return usageError(`the map knows no identity ${name}`, {
    code: 'identity-unknown',
    hints: [`it has: ${[...identities.keys()].join(', ')}`],
  });
}

/** `normalize` came with PostgreSQL 13, and works in UTF8 alone. */
async function normalisesUnicode(db: Client): Promise<boolean> {
  const { rows } = await db.query<{ version: number; encoding: string }>(
    `select pg_catalog.current_setting('server_version_num')::int as version, pg_catalog.current_setting('server_encoding') as encoding`,
  );
  return (rows[0]?.version ?? 0) >= 130_000 && rows[0]?.encoding === 'UTF8';
}
