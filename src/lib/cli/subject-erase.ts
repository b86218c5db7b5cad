import { counted } from '../base/counted.ts';
import { PosternError, usageError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { EraseContext, EraseOptions, PlannedErase, ReplayOptions } from '../subject/erase/index.ts';
import type { EraseDone, SubjectEraseResult } from '../subject/erase/results.ts';
import type { KnownValues } from '../subject/identity/spots.ts';
import type { PosternContext } from './context.ts';
import { keyMap } from './key-census.ts';
import { objectScope } from './object-scope.ts';
import { operationContext } from './operation-context.ts';
import { retainedSets } from './retained-sets.ts';
import { pseudonymKeys, requireSubjectKeys } from './subject-keys.ts';
import type { SubmittedPlan } from './submit-plan.ts';
import type { Column } from './table.ts';

/** All that an erasure needs; nothing is opened yet. @param subjects who is meant, where this process was told */
export async function eraseContext(
  context: PosternContext,
  subjects?: readonly KnownValues[],
): Promise<EraseContext> {
  const { openPlatformForChange } = await import('../platform/connection.ts');
  return {
    ...(await operationContext(context)),
    openWriter: async () => openPlatformForChange(await context.platformWriteUrl(), { purpose: 'erase' }),
    map: () => keyMap(context),
    hasher: () => requireSubjectKeys(context),
    pseudonym: () => pseudonymOf(context),
    buckets: async () => (await objectScope(context, await keyMap(context))).buckets,
    horizon: async () => horizonOf(context),
    ...(subjects === undefined ? {} : { subjects }),
  };
}

/** What repeats erasures in a restored database. */
export function eraseReplay(context: PosternContext): ReplayOptions {
  return {
    map: () => keyMap(context),
    hasher: () => requireSubjectKeys(context),
    pseudonym: () => pseudonymOf(context),
    holds: async (map) => {
      const { currentHolds } = await import('../subject/erase/holds.ts');
      const operation = await operationContext(context);
      return currentHolds({ ...operation, hasher: () => requireSubjectKeys(context) }, map);
    },
    now: () => context.clock.now(),
  };
}

async function pseudonymOf(context: PosternContext): Promise<Awaited<ReturnType<EraseContext['pseudonym']>>> {
  const { pseudonym } = await import('../subject/pseudonym/index.ts');
  const keys = await pseudonymKeys(context);
  return keys === undefined ? undefined : (identity, value) => pseudonym(keys[0], identity, value);
}

async function horizonOf(context: PosternContext): ReturnType<EraseContext['horizon']> {
  if (context.config.profile.backup === undefined)
    return { sets: 0, lockedUntil: null, keysLockedUntil: null };
  const { shredHorizon } = await import('../key/shred/horizon.ts');
  const sets = await retainedSets(context);
  const operation = await operationContext(context);
  const keys = await shredHorizon(await operation.state(), context.profile);
  return {
    sets: sets.length,
    lockedUntil:
      sets
        .map(({ lockedUntil }) => lockedUntil)
        .filter((lock) => lock !== null)
        .toSorted()
        .at(-1) ?? null,
    keysLockedUntil: keys.until,
  };
}

/**
 * Who is to be erased: one person a line, several names of one person on a line with blanks between them.
 * @throws {PosternError} exit 2 `subject-empty`; as `seedsOf`
 */
export async function personsToErase(
  context: PosternContext,
  given: string,
): Promise<readonly KnownValues[]> {
  const { text } = await import('node:stream/consumers');
  const { seedsOf } = await import('../subject/find/index.ts');
  const { personGraph } = await import('../subject/graph/person-graph.ts');
  const lines = given === '-' ? (await text(process.stdin)).split('\n') : [given];
  const graph = personGraph(await keyMap(context));
  const persons = lines
    // Of an address such as "ann smith"@example.org the blank is a part.
    .map((line, index) => ({ line: index + 1, words: line.match(/(?:"[^"]*"|\S)+/g) ?? [] }))
    .filter(({ words }) => words.length > 0);
  if (persons.length === 0) throw usageError('no person was given', { code: 'subject-empty' });
  return persons.map(({ line, words }) => {
    try {
      return seedsOf(graph, words);
    } catch (error) {
      if (given !== '-' || !(error instanceof PosternError)) throw error;
      const { code = 'usage', hints } = error;
      throw usageError(`line ${line}: ${error.message}`, { code, hints: [...hints] });
    }
  });
}

/** Names that several share, as they were given. @throws {PosternError} exit 2, as `seedsOf` */
export async function sharedNames(
  context: PosternContext,
  given: readonly string[] = [],
): Promise<KnownValues> {
  const { seedsOf } = await import('../subject/find/index.ts');
  const { personGraph } = await import('../subject/graph/person-graph.ts');
  return seedsOf(personGraph(await keyMap(context)), given);
}

/** @throws {PosternError} as `requireAsked` */
async function requireErasureRequest(context: PosternContext, number: number): Promise<void> {
  const { requireAsked } = await import('../subject/request/index.ts');
  await requireAsked(await operationContext(context), number, 'erasure');
}

/**
 * What is to be erased, and why.
 * @throws {PosternError} exit 2 `reason-missing`; as `personsToErase` and `requireErasureRequest`
 */
export async function eraseOptions(
  context: PosternContext,
  person: string,
  flags: {
    readonly reason: string | undefined;
    readonly tenant: string | undefined;
    readonly 'one-person'?: boolean;
    readonly shared?: readonly string[] | undefined;
    readonly request: number | undefined;
  },
): Promise<EraseOptions> {
  const { tenant, request, 'one-person': onePerson } = flags;
  const reason = flags.reason?.trim() ?? '';
  if (reason === '') {
    throw usageError('an erasure needs a reason, for its plan and its certificate', {
      code: 'reason-missing',
      hints: ['give --reason, and name no person in it'],
    });
  }
  if (request !== undefined) await requireErasureRequest(context, request);
  const seeds = await personsToErase(context, person);
  return { seeds, tenant, onePerson, shared: await sharedNames(context, flags.shared), reason, request };
}

type ErasedRows = SubjectEraseResult['rows'][number];

export const erasedColumns: readonly Column<ErasedRows>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'whose', value: ({ owned }) => (owned ? 'theirs' : 'of others') },
  { header: 'rows', value: ({ rows }) => rows, align: 'right' },
  { header: 'what becomes of them', value: ({ action }) => words[action] },
];

const words: Readonly<Record<ErasedRows['action'], string>> = {
  delete: 'deleted',
  detach: 'others keep them; the person is taken out',
  redact: 'stay; what names the person is taken out',
  restrict: 'kept, restricted',
  law: 'kept by law',
  hold: 'kept by a hold',
  link: 'kept: they refer by a key alone',
};

export function eraseResult(
  { plan, inputs }: PlannedErase,
  { outcome, applied }: Pick<SubmittedPlan, 'outcome' | 'applied'> & Partial<SubmittedPlan>,
  more: { readonly backups: SubjectEraseResult['backups']; readonly done?: EraseDone | undefined },
): SubjectEraseResult {
  const deleted = (table: string): number =>
    inputs.rows
      .filter((row) => row.table === table && row.action === 'delete')
      .reduce((sum, { rows }) => sum + rows, 0);
  return {
    persons: inputs.persons.length,
    rows: inputs.rows.map(({ table, action, owned, rows }) => ({ table, action, owned, rows })),
    objects: inputs.objects,
    holds: inputs.holds,
    scans: inputs.keys.flatMap(({ name, from, to, scanned }) =>
      scanned === null || scanned < fewScanned
        ? []
        : [{ key: name, from, deletes: deleted(to), rows: Math.round(scanned) }],
    ),
    triggers: inputs.triggers,
    backups: more.backups,
    planId: plan.id,
    outcome,
    certificateId: applied?.certificateId ?? null,
    done: more.done ?? null,
  };
}

/** Rows of a table that is looked through in a moment. */
const fewScanned = 10_000;

/** Beside the table of rows: what else happens, and how long it may take. */
export function eraseLines(
  result: Omit<SubjectEraseResult, 'outcome' | 'done' | 'certificateId'>,
): readonly string[] {
  return [
    ...(result.persons === 0 ? [] : [counted(result.persons, 'person')]),
    ...result.objects.map(
      ({ bucket, objects }) => `${counted(objects, 'object')} of ${bucket}, with all versions`,
    ),
    ...result.holds.map(({ hold, table, rows }) => `hold ${hold} keeps ${counted(rows, 'row')} of ${table}`),
    ...result.triggers.map(
      ({ name, effect, to }) => `sets off ${name}: ${effect}${to.length === 0 ? '' : ` to ${to.join(', ')}`}`,
    ),
    ...result.scans.map(
      ({ key, from, deletes, rows }) =>
        `no index serves ${key}: each of ${deletes} deletes looks through the ${rows} rows of ${from}, about ${duration((deletes * rows) / rowsPerSecond)} in all`,
    ),
    ...(result.backups.sets === 0
      ? []
      : [
          `${counted(result.backups.sets, 'backup set')} may hold them${result.backups.lockedUntil === null ? '' : ` until ${result.backups.lockedUntil.slice(0, 10)}`}; restores erase again`,
        ]),
  ];
}

/** Measured: a foreign key without an index looks through so many rows a second, of one to a few hundred bytes. */
const rowsPerSecond = 10_000_000;

const duration = (seconds: number): string =>
  seconds < 60
    ? `${Math.ceil(seconds)} s`
    : seconds < 7200
      ? `${Math.ceil(seconds / 60)} min`
      : `${Math.ceil(seconds / 3600)} h`;

/** What is told of an erasure at its end. */
export type ToldErase = Pick<SubjectEraseResult, 'outcome' | 'done' | 'planId' | 'certificateId'>;

/** What nobody can say anything about. */
export const unaskedLines = (unasked: EraseDone['unasked']): readonly string[] =>
  unasked.map(({ source, reason }) => `not looked at: ${source} (${reason})`);

/** Where persons stand as they are called. */
export const displayNameLines = (found: EraseDone['displayNames']): readonly string[] =>
  found.map(
    ({ place, column, rows }) =>
      `a display name of theirs, or of a namesake: ${counted(rows, 'row')} of ${place}, ${column}`,
  );

/** What was done, in words. */
export function doneLines({ done, outcome, planId, certificateId }: ToldErase): readonly string[] {
  const certificate = certificateId === null ? '' : `, certificate ${certificateId.slice(0, 12)}`;
  const ending = `${outcome}: plan ${planId.slice(0, 12)}${certificate}`;
  if (done === null) return [ending];
  return [
    `${counted(done.rowsDeleted, 'row')} deleted, ${done.rowsChanged} changed, ${done.rowsLate} came meanwhile`,
    ...(done.versions === 0
      ? []
      : [`${counted(done.objects, 'object')} deleted, ${counted(done.versions, 'version')}`]),
    ...(done.objectsRewritten === 0
      ? []
      : [`${counted(done.objectsRewritten, 'object')} of others written anew`]),
    ...(done.objectsRetained === 0
      ? []
      : [`${counted(done.objectsRetained, 'object')} stay under a lock of the store`]),
    ...done.left.map(
      ({ place, column, form, rows }) => `left: ${counted(rows, 'row')} of ${place}, ${column} (${form})`,
    ),
    ...displayNameLines(done.displayNames),
    ...done.objectsNaming.map(({ place }) => `names them still: ${place}`),
    ...unaskedLines(done.unasked),
    ...(done.left.length + done.unasked.length === 0 ? ['nothing is left where nothing is kept'] : []),
    ending,
  ];
}

/** 3 where a name of theirs still stands, 4 where an object stays or a place could not be looked at. */
export function eraseExitCode({ outcome, done }: Pick<ToldErase, 'outcome' | 'done'>): ExitCode {
  if (outcome === 'awaiting approval') return ExitCode.refused;
  if (done === null) return ExitCode.done;
  if (done.left.length > 0) return ExitCode.findings;
  return done.objectsRetained + done.unasked.length > 0 ? ExitCode.incomplete : ExitCode.done;
}
