import type { Partitions } from './choose-tables.ts';
import { readStatement } from './post-data-statement.ts';

/** The statements of a post-data script where only the rows of some tables were loaded. */
export interface PartialPostData {
  readonly statements: readonly Buffer[];
  /** Foreign keys that are not checked against the rows that are there: `"public"."mail": "mail_person_fkey"`. */
  readonly notValid: readonly string[];
  /** Those that PostgreSQL cannot make without checking them. */
  readonly leftOut: readonly string[];
}

/** From here on, a foreign key of a partitioned table can be NOT VALID. */
const partitionedNotValid = 180_000;

/**
 * Makes foreign keys NOT VALID where rows may refer to rows that were not loaded.
 * @param chosen the tables whose rows are loaded
 */
export function partialPostData(
  script: { readonly statements: readonly Buffer[]; readonly encoding: string },
  {
    chosen,
    withRows,
    partitions,
    serverVersionNum,
  }: {
    readonly chosen: ReadonlySet<string>;
    /** All tables of the set, loaded or not. */
    readonly withRows: readonly string[];
    readonly partitions: Partitions;
    readonly serverVersionNum: number;
  },
): PartialPostData {
  const leaves = leavesOf(withRows, partitions);
  const roots = new Set(partitions.values());
  const notValid: string[] = [];
  const leftOut: string[] = [];
  const statements = script.statements.flatMap((statement) => {
    const parsed = readStatement(statement, script.encoding, new Map());
    if (parsed.kind !== 'foreign-key' || !parsed.isValidated) return [statement];
    const { table, references, name } = parsed;
    const hasRows = (leaves.get(table) ?? [table]).some((leaf) => chosen.has(leaf));
    const isWhole = (leaves.get(references) ?? [references]).every((leaf) => chosen.has(leaf));
    if (!hasRows || isWhole) return [statement];
    if (roots.has(table) && serverVersionNum < partitionedNotValid) {
      leftOut.push(`${table}: ${name}`);
      return [];
    }
    notValid.push(`${table}: ${name}`);
    return [Buffer.from(statement.toString('latin1').replace(/;?\s*$/, ' NOT VALID;'), 'latin1')];
  });
  return { statements, notValid, leftOut };
}

/** Each partitioned table with those of its partitions, on any level, that have rows of their own. */
function leavesOf(
  withRows: readonly string[],
  partitions: Partitions,
): ReadonlyMap<string, readonly string[]> {
  const leaves = new Map<string, string[]>();
  for (const root of partitions.values()) leaves.set(root, []);
  for (const table of withRows) {
    for (let above = partitions.get(table); above !== undefined; above = partitions.get(above))
      leaves.get(above)?.push(table);
  }
  return leaves;
}
