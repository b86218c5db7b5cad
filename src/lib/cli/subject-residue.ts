import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { Looked, ObjectResidue, ScanOptions } from '../subject/residue/index.ts';
import type { SubjectResidueResult } from '../subject/residue/results.ts';
import type { PosternContext } from './context.ts';
import { withPlatform } from './key-census.ts';
import { scanConfiguredLogs } from './log-scope.ts';
import { type ObjectScope, objectScope, optionalMap } from './object-scope.ts';
import { whoIsMeant } from './subject-find.ts';
import type { Column } from './table.ts';

/** Shorter ones are everywhere. */
const shortestName = 4;

/** What is looked for takes about a quarter of a megabyte of memory for each name. */
const mostNames = 2000;

/** @throws {PosternError} exit 2, `name-too-short`, `names-too-many`, `subject-empty` */
export async function namesToFind(given: string, also: readonly string[]): Promise<readonly string[]> {
  const names = [...(await whoIsMeant(given)), ...also].map((name) => name.trim());
  if (names.some(({ length }) => length < shortestName)) {
    throw usageError(`a name to look for has ${shortestName} characters at least`, {
      code: 'name-too-short',
      hints: ['a shorter one would be found in words that have nothing to do with the person'],
    });
  }
  if (names.length > mostNames) {
    throw usageError(`${names.length.toLocaleString('en')} names are more than one pass looks for`, {
      code: 'names-too-many',
      hints: [`give at most ${mostNames.toLocaleString('en')}, and the others to a second run`],
    });
  }
  return names;
}

export const residueColumns: readonly Column<SubjectResidueResult['found'][number]>[] = [
  { header: 'place', value: ({ place }) => place },
  { header: 'column', value: ({ column }) => column },
  { header: 'form', value: ({ form }) => form },
  { header: 'rows', value: ({ rows }) => rows, align: 'right' },
];

/** What was looked through, and what was not. */
export function lookedLines(result: SubjectResidueResult): readonly string[] {
  const { places, rows, objects, lines, bytes, objectStore, logFiles } = result;
  const read = [
    counted(places, 'place'),
    counted(rows, 'row'),
    ...(objectStore === 'looked' ? [counted(objects, 'object version')] : []),
    ...(logFiles === 'looked' ? [counted(lines, 'log line')] : []),
    formatByteSize(bytes),
  ];
  const reasons = { 'left-out': 'left out', none: 'none configured under subjects' };
  return [
    `looked through ${read.join(', ')}`,
    ...(objectStore === 'looked' ? [] : [`not looked at: the object store (${reasons[objectStore]})`]),
    ...(logFiles === 'looked' ? [] : [`not looked at: log files (${reasons[logFiles]})`]),
  ];
}

/**
 * Looks through the database, and what lies outside of it.
 * @throws {PosternError} exit 2, as `objectScope`
 */
export async function lookForNames(
  context: PosternContext,
  names: readonly string[],
  leftOut: { readonly objects: boolean; readonly logs: boolean },
): Promise<SubjectResidueResult> {
  const { scanDatabase, joinResidue } = await import('../subject/residue/index.ts');
  const { personGraph } = await import('../subject/graph/person-graph.ts');
  const { progress, signal } = context;
  const options = { names, signal, onPlace: (place: string) => progress.detail(place) };
  // Before the database is read for an hour: what is wrong in the configuration.
  const map = await optionalMap(context);
  const scope = leftOut.objects ? undefined : await objectScope(context, map);
  const graph = map === undefined ? undefined : personGraph(map);
  const database = await withPlatform(context, (db) => scanDatabase(db, { ...options, graph }));
  const objects = scope === undefined ? 'left-out' : await scanScope(scope, options);
  const logs = leftOut.logs ? 'left-out' : await scanConfiguredLogs(context, options);
  return joinResidue(database, objects, logs);
}

async function scanScope(scope: ObjectScope, options: ScanOptions): Promise<Looked<ObjectResidue>> {
  const { scanObjects } = await import('../subject/residue/index.ts');
  if (scope.buckets.length === 0 && scope.unasked.length === 0) return 'none';
  const found = await scanObjects(scope.buckets, options);
  const unasked = scope.unasked.map(({ bucket, reason }) => ({ source: `bucket ${bucket}`, reason }));
  return { ...found, unasked: [...unasked, ...found.unasked] };
}
