import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import { type PersonGraph, personGraph } from '../graph/person-graph.ts';
import type { KnownValues } from '../identity/spots.ts';
import { type Resolved, type Resolving, resolvePerson } from './resolve.ts';
import { sharedTest } from './shared-names.ts';

export interface Who {
  /** An address, or `subject.identity=value`; all of one person. */
  readonly who: readonly string[];
  /** Only rows of this tenant are the person. */
  readonly tenant: string | undefined;
  /** Names that several persons share, as those of `who`: they lead to nobody. */
  readonly shared?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds out who is meant, in the transaction that the session is in.
 * @throws {PosternError} exit 2: `identity-unknown`, `subject-empty`, `address-invalid`, `name-shared`; as `resolvePerson`
 */
export async function resolveWho(
  db: Client,
  map: DataMap,
  { who, tenant, shared = [], signal }: Who,
): Promise<{ readonly resolving: Resolving; readonly resolved: Resolved }> {
  const graph = personGraph(map);
  const seeds = seedsOf(graph, who);
  const isShared = sharedTest(graph.identities, seedsOf(graph, shared), [seeds]);
  const resolving: Resolving = { graph, tenant, isShared, isUtf8: await normalisesUnicode(db), signal };
  return { resolving, resolved: await resolvePerson(db, resolving, seeds) };
}

/** The names that were given, by kind. @throws {PosternError} exit 2, as `resolveWho` */
export function seedsOf(graph: PersonGraph, who: readonly string[]): KnownValues {
  const seeds = new Map<string, Set<string>>();
  for (const given of who) {
    const [, name = '', value = ''] = /^([a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*)=(.*)$/s.exec(given) ?? [];
    const kind = name === '' ? 'email' : graph.identities.get(name)?.kind;
    if (kind === undefined) throw unknownIdentity(graph, name);
    const text = (name === '' ? given : value).trim();
    if (text === '') throw usageError('no person was given', { code: 'subject-empty' });
    // PostgreSQL has no text with a NUL in it.
    if (text.includes('\0') || (name === '' && !/^(?:[^@\s]+|"[^"\r\n]+")@[^@\s]+$/.test(text))) {
      throw usageError('that is no address', {
        code: 'address-invalid',
        hints: [`for another identity, give its name too: ${[...graph.identities.keys()].join('=…, ')}=…`],
      });
    }
    seeds.set(kind, (seeds.get(kind) ?? new Set()).add(text));
  }
  return seeds;
}

function unknownIdentity({ identities }: PersonGraph, name: string): Error {
  return usageError(`the map knows no identity ${name}`, {
    code: 'identity-unknown',
    hints: [`it has: ${[...identities.keys()].join(', ')}`],
  });
}

/** `normalize` came with PostgreSQL 13, and works in UTF8 alone. */
export async function normalisesUnicode(db: Client): Promise<boolean> {
  const { rows } = await db.query<{ version: number; encoding: string }>(
    `select pg_catalog.current_setting('server_version_num')::int as version, pg_catalog.current_setting('server_encoding') as encoding`,
  );
  return (rows[0]?.version ?? 0) >= 130_000 && rows[0]?.encoding === 'UTF8';
}
