import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import { parseTime } from '../base/parse-time.ts';
import type { Hold, HoldAddResult, HoldReleaseResult } from '../subject/hold/results.ts';
import type { PosternContext } from './context.ts';
import { keyMap, withPlatform } from './key-census.ts';
import { operationContext } from './operation-context.ts';
import { requireText } from './require-text.ts';
import { whoIsMeant } from './subject-find.ts';
import { requireSubjectKeys } from './subject-keys.ts';
import type { Column } from './table.ts';

interface HoldAddFlags {
  readonly row?: readonly string[] | undefined;
  readonly case: string;
  readonly reason: string;
  readonly table?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly 'one-person'?: boolean;
  readonly shared?: readonly string[] | undefined;
  readonly 'review-by'?: string | undefined;
}

/** @throws {PosternError} exit 2: `hold-on-nothing`, `hold-on-both`, `text-missing`; as `placeHold` */
export async function addHold(
  context: PosternContext,
  person: string | undefined,
  flags: HoldAddFlags,
): Promise<HoldAddResult> {
  const { row: rows = [], table: tables = [], tenant } = flags;
  requireOneOf(person, flags);
  const reviewBy = flags['review-by'] === undefined ? undefined : dateOf(flags['review-by']);
  const request = {
    who: person === undefined ? [] : await whoIsMeant(person),
    rows,
    case: requireText('case', flags.case),
    reason: requireText('reason', flags.reason),
    tables,
    tenant,
    onePerson: flags['one-person'],
    shared: flags.shared,
    reviewBy,
  };
  const { placeHold } = await import('../subject/hold/index.ts');
  const [hasher, map] = [await requireSubjectKeys(context), await keyMap(context)];
  const operation = await operationContext(context);
  return withPlatform(context, (db) => placeHold(operation, { db, map, hasher }, request));
}

function requireOneOf(person: string | undefined, { row, table, tenant }: HoldAddFlags): void {
  if (person === undefined && row === undefined) {
    throw usageError('neither a person nor a row was given', {
      code: 'hold-on-nothing',
      hints: ['give an address, subject.identity=value, or --row schema.table=key'],
    });
  }
  if (row !== undefined && (person ?? table ?? tenant) !== undefined) {
    throw usageError('a hold on rows takes no person, no --table and no --tenant', {
      code: 'hold-on-both',
      hints: ['place two holds: each is released on its own'],
    });
  }
}

/** A day, whatever time of it was given. Errors as `parseTime`. */
const dateOf = (given: string): string => parseTime(given, 'start').toISOString().slice(0, 10);

export const holdColumns: readonly Column<Hold>[] = [
  { header: 'no', value: ({ number }) => number, align: 'right' },
  { header: 'case', value: (hold) => hold.case },
  { header: 'on', value: ({ names, rows }) => (rows > 0 ? counted(rows, 'row') : counted(names, 'name')) },
  { header: 'tables', value: ({ tables }) => tables?.join(', ') },
  { header: 'tenant', value: ({ tenant }) => tenant ?? undefined },
  { header: 'placed', value: ({ placedAt }) => placedAt.slice(0, 10) },
  { header: 'review by', value: ({ reviewBy }) => reviewBy ?? undefined },
  { header: 'deferred', value: ({ deferred }) => sumOf(deferred), align: 'right' },
  { header: 'state', value: ({ verdict }) => verdict },
];

const sumOf = (deferred: Hold['deferred']): number => deferred.reduce((sum, { rows }) => sum + rows, 0);

/** What waits after a release, and what to do about it. */
export function releasedLines({ hold, rowsWaiting }: HoldReleaseResult): readonly string[] {
  if (rowsWaiting === 0) return [`hold ${hold.number} is released; no erasure left a row because of it`];
  return [
    `hold ${hold.number} is released; what it kept from erasures can be erased now:`,
    ...hold.deferred.map(
      ({ planId, table, rows }) =>
        `  ${counted(rows, 'row')} of ${table}, left by plan ${planId.slice(0, 12)}`,
    ),
    'erase these persons by `postern subject erase`, or the tenant by `postern tenant offboard --delete`, once more: `postern plan show` tells what each plan was for',
  ];
}
