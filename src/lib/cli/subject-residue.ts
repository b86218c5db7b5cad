import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { SubjectResidueResult } from '../subject/residue/results.ts';
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

export function looked({ places, rows, bytes }: SubjectResidueResult): string {
  return `looked through ${counted(places, 'place')}, ${counted(rows, 'row')}, ${formatByteSize(bytes)}`;
}
