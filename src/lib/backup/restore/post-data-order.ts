import { isSessionSetting } from './marks.ts';
import { type PostDataStatement, readStatement } from './post-data-statement.ts';

/** A statement, and the earlier ones of its stage that must be done before it. */
export interface Task {
  /** Its place in the script. */
  readonly index: number;
  /** Places in the script. */
  readonly after: readonly number[];
  readonly table: string;
}

/** A script in the order in which it can be run. */
export type Stage =
  /** The statements [first, end), one after the other. */
  | { readonly kind: 'serial'; readonly range: readonly [start: number, end: number] }
  | { readonly kind: 'parallel'; readonly tasks: readonly Task[] };

/**
 * One name for all tables that are partitions or children of each other: what is done to one of them may lock
 * another. Undefined for a table that stands alone.
 */
export type FamilyOf = (table: string) => string | undefined;

/**
 * The stages of a post-data script. pg_dump's own order is kept but for keys and indexes that follow each other, of
 * which those of different tables do not wait for each other, nor several indexes of one table.
 */
export function postDataStages(
  { statements, encoding }: { readonly statements: readonly Buffer[]; readonly encoding: string },
  familyOf: FamilyOf,
): readonly Stage[] {
  const stages: Stage[] = [];
  const tableOfIndex = new Map<string, string>();
  let serialFrom = 0;
  let tasks: Task[] = [];
  let locks = newLocks();
  const endParallel = (next: number): void => {
    if (tasks.length > 0) stages.push({ kind: 'parallel', tasks });
    tasks = [];
    locks = newLocks();
    serialFrom = next;
  };
  for (const [index, statement] of statements.entries()) {
    const parsed = isSessionSetting(statement)
      ? ({ kind: 'other' } as const)
      : readStatement(statement, encoding, tableOfIndex);
    if (parsed.kind === 'other') {
      if (tasks.length > 0) endParallel(index);
      continue;
    }
    if (parsed.kind === 'index') tableOfIndex.set(parsed.name, parsed.table);
    if (tasks.length === 0 && serialFrom < index) stages.push({ kind: 'serial', range: [serialFrom, index] });
    tasks.push({ index, table: parsed.table, after: locks.take(index, locksOf(parsed, familyOf)) });
  }
  if (tasks.length > 0) endParallel(statements.length);
  if (serialFrom < statements.length) stages.push({ kind: 'serial', range: [serialFrom, statements.length] });
  return stages;
}

type Mode = 'shared' | 'exclusive';

/** What a statement needs for itself. Within a family, `only` one table leaves the others to others. */
function locksOf(
  statement: Exclude<PostDataStatement, { readonly kind: 'other' }>,
  familyOf: FamilyOf,
): ReadonlyMap<string, Mode> {
  const { kind, table } = statement;
  const whole = (name: string): string => `family ${familyOf(name) ?? name}`;
  if (kind === 'foreign-key')
    return new Map([
      [whole(table), 'exclusive'],
      [whole(statement.references), 'exclusive'],
    ]);
  if (statement.reach === 'children' && familyOf(table) !== undefined)
    return new Map([[whole(table), 'exclusive']]);
  return new Map([
    [whole(table), 'shared'],
    [`table ${table}`, kind === 'index' ? 'shared' : 'exclusive'],
  ]);
}

/** Who waits for whom, when locks are granted in the order of the script. */
function newLocks() {
  const held = new Map<string, { readonly exclusive: readonly number[]; readonly shared: number[] }>();
  return {
    take(index: number, wanted: ReadonlyMap<string, Mode>): readonly number[] {
      const after = new Set<number>();
      for (const [name, mode] of wanted) {
        const holders = held.get(name) ?? { exclusive: [], shared: [] };
        const { exclusive, shared } = holders;
        if (mode === 'shared') {
          for (const earlier of exclusive) after.add(earlier);
          shared.push(index);
          held.set(name, holders);
        } else {
          for (const earlier of shared.length > 0 ? shared : exclusive) after.add(earlier);
          held.set(name, { exclusive: [index], shared: [] });
        }
      }
      return [...after];
    },
  };
}
