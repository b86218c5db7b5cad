import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { SubjectFindResult } from '../subject/find/results.ts';
import type { KnownValues } from '../subject/identity/spots.ts';
import type { PosternContext } from './context.ts';
import { keyMap, withPlatform } from './key-census.ts';
import { scanConfiguredLogs } from './log-scope.ts';
import { retainedSets } from './retained-sets.ts';
import type { Column } from './table.ts';

/**
 * Who is meant: an address or an identity, or `-` for one a line on standard input.
 * @throws {PosternError} exit 2, `subject-empty`
 */
export async function whoIsMeant(given: string): Promise<readonly string[]> {
  const { text } = await import('node:stream/consumers');
  const lines = given === '-' ? (await text(process.stdin)).split('\n') : [given];
  const who = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (who.length === 0) throw usageError('no person was given', { code: 'subject-empty' });
  return who;
}

/**
 * What the platform holds of a person: rows, what log files say, backups.
 * @throws {PosternError} as `findPerson`
 */
export async function findEverywhere(
  context: PosternContext,
  who: readonly string[],
  flags: {
    readonly tenant: string | undefined;
    readonly shared?: readonly string[] | undefined;
    readonly 'no-logs': boolean;
  },
): Promise<SubjectFindResult> {
  const { findPerson } = await import('../subject/find/index.ts');
  const map = await keyMap(context);
  const { signal, progress } = context;
  const { tenant, shared } = flags;
  let names: readonly string[] = [];
  const onNames = (known: KnownValues) => void (names = tellingNames(known));
  const found = await withPlatform(context, (db) =>
    findPerson(db, map, { who, tenant, shared, signal, onNames }),
  );
  const onPlace = (place: string) => progress.detail(place);
  const isLeftOut = flags['no-logs'] || found.verdict === 'ambiguous';
  const logs = isLeftOut ? 'left-out' : await scanConfiguredLogs(context, { names, signal, onPlace });
  return {
    ...found,
    logs: typeof logs === 'string' ? null : [...logs.logs],
    backups: await keptBackups(context),
    unasked: [...found.unasked, ...(typeof logs === 'string' ? [] : logs.unasked)],
  };
}

/** Names by which a line of a log means a person: not numbers, nor words that are too short to mean one alone. */
function tellingNames(known: KnownValues): readonly string[] {
  return [...known.values()]
    .flatMap((values) => [...values])
    .map((value) => value.trim())
    .filter((value) => value.length >= shortestTelling && /\p{L}/u.test(value));
}

/** Characters. */
const shortestTelling = 6;

/** The backup sets that are kept, as the register has them; null where there is no register. */
async function keptBackups(context: PosternContext): Promise<SubjectFindResult['backups']> {
  const { state, backup } = context.config.profile;
  if (state === undefined || backup === undefined) return null;
  const sets = await retainedSets(context);
  const locks = sets.map(({ lockedUntil }) => lockedUntil).filter((lock) => lock !== null);
  return {
    sets: sets.length,
    oldest: sets.map(({ startedAt }) => startedAt).toSorted()[0] ?? null,
    lockedUntil: locks.toSorted().at(-1) ?? null,
  };
}

export const foundColumns: readonly Column<SubjectFindResult['rows'][number]>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'tenant', value: ({ tenant }) => tenant ?? undefined },
  { header: 'whose', value: (row) => row.class },
  { header: 'rows', value: ({ rows }) => rows, align: 'right' },
  { header: 'objects', value: ({ objects }) => objects, align: 'right' },
  { header: 'categories', value: ({ categories }) => categories.join(', ') || undefined },
];

/** What was found, in words; on standard error, beside the table. */
export function foundLines({ verdict, names, persons, logs, backups }: SubjectFindResult): readonly string[] {
  return [
    {
      found: `one person: ${persons.map(({ table, key }) => `${table} ${key.join(', ')}`).join('; ')}`,
      mentioned: 'nobody who is a person of the map; rows of others name them',
      none: 'nothing was found',
      ambiguous: `several persons: ${persons.map(({ table, key }) => `${table} ${key.join(', ')}`).join('; ')}`,
    }[verdict],
    `names: ${names.map(({ kind, values }) => `${values} of ${kind}`).join(', ')}`,
    ...(logs ?? []).map(({ file, lines }) => `${counted(lines, 'line')} of ${file} name them`),
    ...(backups === null || backups.sets === 0
      ? []
      : [
          `${counted(backups.sets, 'backup set')} since ${backups.oldest?.slice(0, 10) ?? ''} may hold them${backups.lockedUntil === null ? '' : `, locked until ${backups.lockedUntil.slice(0, 10)}`}`,
        ]),
  ];
}
