import { closest } from '../../base/closest.ts';
import { usageError } from '../../base/error.ts';
import { qualifiedName } from '../../platform/quote.ts';
import type { ManifestSource } from '../format/manifest.ts';
import { declaredEncoding } from '../raw-query.ts';
import { splitStatements } from '../split-statements.ts';
import { nameInScript, qualifiedPattern, withoutComments } from './script-name.ts';

/** Which table is a partition of which, both as `qualifiedName`. */
export type Partitions = ReadonlyMap<string, string>;

const attach = new RegExp(`^ALTER TABLE ONLY (${qualifiedPattern}) ATTACH PARTITION (${qualifiedPattern}) `);

/** Reads the partitions from a database's pre-data script. */
export function partitionsIn(preData: Buffer): Partitions {
  const encoding = declaredEncoding(preData) ?? 'UTF8';
  return new Map(
    splitStatements(preData).flatMap(({ start, end }) => {
      const [, root, leaf] = attach.exec(withoutComments(preData.subarray(start, end))) ?? [];
      if (root === undefined || leaf === undefined) return [];
      return [[nameInScript(leaf, encoding), nameInScript(root, encoding)] as const];
    }),
  );
}

/**
 * The tables that a person names, as `qualifiedName`: `schema.name`, with or without quotes. A partitioned table means
 * its partitions, on every level.
 * @throws {PosternError} exit 2, `table-unknown`, with near names; `table-ambiguous` where a dot could be two things
 */
export function chooseTables(
  names: readonly string[],
  source: Pick<ManifestSource, 'name' | 'tables'>,
  partitions: Partitions,
): readonly string[] {
  const withRows = new Set(source.tables.map(({ schema, name }) => qualifiedName(schema, name)));
  const known = new Set([...withRows, ...partitions.values()]);
  const chosen = new Set<string>();
  for (const name of names) {
    const found = [...known].filter((candidate) => candidate === name || plain(candidate) === name);
    const [table] = found.includes(name) ? [name] : found;
    if (table === undefined) throw unknownTable(name, source.name, [...known].map(plain));
    if (found.length > 1 && !found.includes(name)) throw ambiguousTable(name, found);
    for (const leaf of withRows) {
      if (isWithin(leaf, table, partitions)) chosen.add(leaf);
    }
  }
  return [...chosen].toSorted();
}

/** Whether a table is this one, or a partition of it. */
function isWithin(table: string, root: string, partitions: Partitions): boolean {
  for (let above: string | undefined = table; above !== undefined; above = partitions.get(above)) {
    if (above === root) return true;
  }
  return false;
}

/** `"public"."mail"` → `public.mail` */
function plain(qualified: string): string {
  const [, schema = '', name = ''] = /^"((?:[^"]|"")*)"\."((?:[^"]|"")*)"$/.exec(qualified) ?? [];
  return `${schema.replaceAll('""', '"')}.${name.replaceAll('""', '"')}`;
}

function unknownTable(name: string, source: string, known: readonly string[]): Error {
  const sameName = known.filter((candidate) => candidate.endsWith(`.${name}`));
  const near = sameName.length > 0 ? sameName : [closest(name, known)].filter((word) => word !== undefined);
  return usageError(`the database ${source} of the set has no table ${name}`, {
    code: 'table-unknown',
    hints: [
      near.length > 0
        ? `did you mean ${near.slice(0, 5).join(' or ')}?`
        : 'a table is named with its schema: public.message; `postern backup show` lists them',
    ],
  });
}

function ambiguousTable(name: string, found: readonly string[]): Error {
  return usageError(`${name} could be several tables`, {
    code: 'table-ambiguous',
    hints: [`write it with quotes, as one of ${found.join(', ')}`],
  });
}
