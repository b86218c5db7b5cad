import { audited } from '../../audit/audited.ts';
import { PosternError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import { seedsOf } from '../find/who.ts';
import { type PersonGraph, personGraph } from '../graph/person-graph.ts';
import type { KnownValues } from '../identity/spots.ts';
import { hashesOfAll, hashesToFind, keyIdOf, type NameHasher } from '../name-hash/index.ts';
import { authorOf, type ObjectionContext } from './object.ts';
import type { ResultOf } from './results.ts';
import { readSuppressed, type Suppressed, storeObjectionEvent } from './store.ts';

/**
 * The list as a sender reads it: docs/objection.md.
 * @param at stands in its first line
 */
export async function suppressionList(
  state: Queryable,
  profile: string,
  { channel, at }: { readonly channel: string | undefined; readonly at: Date },
): Promise<{ readonly text: string; readonly result: ResultOf<'export'> }> {
  const list = await readSuppressed(state, profile, channel);
  const keyIds = [...new Set(list.map(({ hash }) => keyIdOf(hash)))].toSorted();
  const lines = list.map((entry) => `${entry.channel} ${entry.hash}`);
  const head = `# postern suppression list 1, ${at.toISOString()}`;
  return {
    text: `${[head, ...lines].join('\n')}\n`,
    result: {
      did: 'export',
      entries: list.length,
      channels: [...new Set(list.map((entry) => entry.channel))],
      keyIds,
    },
  };
}

/** Names as they come, one a line; blank lines count, and are passed over. */
export type Lines = AsyncIterable<string> | Iterable<string>;

/** What names are compared by. */
export interface Comparing {
  readonly map: DataMap;
  readonly hasher: NameHasher;
}

/** Tells which lines name somebody who is on the list of a channel. */
export async function checkLines(
  state: Queryable,
  profile: string,
  { map, hasher }: Comparing,
  { lines, channel }: { readonly lines: Lines; readonly channel: string },
): Promise<ResultOf<'check'>> {
  const entries = await readSuppressed(state, profile, channel);
  const list = new Set(entries.map(({ hash }) => hash));
  const unknown = olderOf(entries, hasher).flatMap(({ configured, ...of }) => (configured ? [] : [of]));
  const graph = personGraph(map);
  const result: ResultOf<'check'> = {
    did: 'check',
    channel,
    checked: 0,
    suppressed: [],
    unreadable: [],
    unknown,
  };
  await eachName(graph, lines, result, (known, number) => {
    const theirs = hashesToFind(hasher, 'suppression', graph.identities, known);
    if ([...theirs].some((hash) => list.has(hash))) result.suppressed.push(number);
  });
  return result;
}

/** Puts names that are on the list under an older key under the current one instead, in every channel. */
export async function rehashLines(
  context: ObjectionContext,
  { map, hasher }: Comparing,
  lines: Lines,
): Promise<ResultOf<'rehash'>> {
  const { profile } = context;
  const state = await context.state();
  const graph = personGraph(map);
  const byChannel = grouped(await readSuppressed(state, profile));
  const result: ResultOf<'rehash'> = {
    did: 'rehash',
    checked: 0,
    rehashed: 0,
    unreadable: [],
    remaining: [],
  };
  return audited(context, { action: 'subject.object-rehash' }, async (run) => {
    const changes = new Map([...byChannel.keys()].map((channel) => [channel, newChange()]));
    await eachName(graph, lines, result, (known) => {
      const current = hashesOfAll(hasher, 'suppression', graph.identities, known);
      const theirs = [...hashesToFind(hasher, 'suppression', graph.identities, known)];
      let isMoved = false;
      for (const [channel, list] of byChannel) {
        const older = theirs.filter((hash) => list.has(hash) && !current.includes(hash));
        if (older.length === 0) continue;
        isMoved = true;
        const { suppress, allow } = changes.get(channel) ?? newChange();
        for (const hash of current) suppress.add(hash);
        for (const hash of older) allow.add(hash);
      }
      if (isMoved) result.rehashed += 1;
    });
    for (const [channel, { suppress, allow }] of changes) {
      if (suppress.size === 0) continue;
      await storeObjectionEvent(state, {
        profile,
        kind: 'rehashed',
        channel,
        reason: null,
        author: authorOf(context),
        suppress: [...suppress],
        allow: [...allow],
      });
    }
    run.note({ rehashed: result.rehashed });
    return { ...result, remaining: olderOf(await readSuppressed(state, profile), hasher) };
  });
}

const newChange = () => ({ suppress: new Set<string>(), allow: new Set<string>() });

function grouped(list: readonly Suppressed[]): ReadonlyMap<string, ReadonlySet<string>> {
  const channels = new Map<string, Set<string>>();
  for (const { channel, hash } of list) channels.set(channel, (channels.get(channel) ?? new Set()).add(hash));
  return channels;
}

function olderOf(list: readonly Suppressed[], { keyIds }: NameHasher): ResultOf<'rehash'>['remaining'] {
  const counts = new Map<string, number>();
  for (const { hash } of list) counts.set(keyIdOf(hash), (counts.get(keyIdOf(hash)) ?? 0) + 1);
  return [...counts]
    .filter(([keyId]) => keyId !== keyIds[0])
    .map(([keyId, entries]) => ({ keyId, entries, configured: keyIds.includes(keyId) }));
}

async function eachName(
  graph: PersonGraph,
  lines: Lines,
  counts: { checked: number; readonly unreadable: number[] },
  work: (known: KnownValues, number: number) => void,
): Promise<void> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const known = readable(graph, line);
    if (known === undefined) counts.unreadable.push(number);
    else {
      counts.checked += 1;
      work(known, number);
    }
  }
}

function readable(graph: PersonGraph, line: string): KnownValues | undefined {
  // What was no UTF-8 would be looked for as another name, and not be found.
  if (line.includes('\uFFFD')) return undefined;
  try {
    const known = seedsOf(graph, [line.trim()]);
    // With a name, in brackets, or with another column beside it, it would be looked for as a whole.
    const isAddress = [...(known.get('email') ?? [])].every((name) => !/[\s<>,;()[\]\\"]/.test(name));
    return isAddress ? known : undefined;
  } catch (error) {
    if (error instanceof PosternError) return undefined;
    throw error;
  }
}
