import {
  identifierInScript,
  nameInScript,
  namePattern,
  qualifiedPattern,
  withoutComments,
} from './script-name.ts';

/**
 * What a statement of a post-data script does, as far as it matters for doing several at once:
 * - `index` reads a table, and bears others that do so
 * - `constraint` (a key, or what belongs to an index) has a table for itself
 * - `foreign-key` has two tables for itself
 * - `other` is done after everything in front of it, and before everything behind it
 */
export type PostDataStatement =
  | { readonly kind: 'index'; readonly table: string; readonly name: string; readonly reach: Reach }
  | { readonly kind: 'constraint'; readonly table: string; readonly reach: Reach }
  | {
      readonly kind: 'foreign-key';
      readonly table: string;
      readonly name: string;
      readonly references: string;
      readonly isValidated: boolean;
    }
  | { readonly kind: 'other' };

/** `only` this table, or its partitions and children as well. */
export type Reach = 'only' | 'children';

const columns = String.raw`\((?:(?:PERIOD )?${namePattern}(?:, )?)+\)`;

const patterns = {
  index: new RegExp(
    `^CREATE (?:UNIQUE )?INDEX (?<name>${namePattern}) ON (?<only>ONLY )?(?<table>${qualifiedPattern}) `,
  ),
  foreignKey: new RegExp(
    `^ALTER TABLE (?:ONLY )?(?<table>${qualifiedPattern})\\s+ADD CONSTRAINT (?<name>${namePattern}) FOREIGN KEY ${columns} REFERENCES (?<references>${qualifiedPattern})${columns}`,
  ),
  key: new RegExp(
    `^ALTER TABLE (?<only>ONLY )?(?<table>${qualifiedPattern})\\s+(?:ADD CONSTRAINT ${namePattern} (?:PRIMARY KEY|UNIQUE|EXCLUDE) |CLUSTER ON |REPLICA IDENTITY )`,
  ),
  constraintComment: new RegExp(`^COMMENT ON CONSTRAINT ${namePattern} ON (?<table>${qualifiedPattern}) IS `),
  ofIndex: new RegExp(
    `^(?:COMMENT ON INDEX (?<commented>${qualifiedPattern}) IS |ALTER INDEX (?<altered>${qualifiedPattern}) ALTER COLUMN )`,
  ),
} as const;

/**
 * Reads a statement as pg_dump writes it.
 * @param tableOfIndex the tables of the indexes that were made so far, by the index's `qualifiedName`
 */
export function readStatement(
  statement: Buffer,
  encoding: string,
  tableOfIndex: ReadonlyMap<string, string>,
): PostDataStatement {
  const text = withoutComments(statement);
  const named = (name: string | undefined): string => nameInScript(name ?? '', encoding);
  const index = patterns.index.exec(text)?.groups;
  if (index !== undefined) {
    const table = named(index['table']);
    // An index lies in the schema of its table.
    const schema = /^(?:"(?:[^"]|"")*"|[^".]*)/.exec(index['table'] ?? '')?.[0] ?? '';
    return { kind: 'index', table, name: named(`${schema}.${index['name']}`), reach: reachOf(index['only']) };
  }
  const foreignKey = patterns.foreignKey.exec(text)?.groups;
  if (foreignKey !== undefined) {
    return {
      kind: 'foreign-key',
      table: named(foreignKey['table']),
      name: identifierInScript(foreignKey['name'] ?? '', encoding),
      references: named(foreignKey['references']),
      isValidated: !/\sNOT VALID;?\s*$/.test(text),
    };
  }
  const key = patterns.key.exec(text)?.groups;
  if (key !== undefined)
    return { kind: 'constraint', table: named(key['table']), reach: reachOf(key['only']) };
  const comment = patterns.constraintComment.exec(text)?.groups;
  if (comment !== undefined) return { kind: 'constraint', table: named(comment['table']), reach: 'only' };
  const ofIndex = patterns.ofIndex.exec(text)?.groups;
  const owner =
    ofIndex === undefined ? undefined : tableOfIndex.get(named(ofIndex['commented'] ?? ofIndex['altered']));
  return owner === undefined ? { kind: 'other' } : { kind: 'constraint', table: owner, reach: 'only' };
}

function reachOf(only: string | undefined): Reach {
  return only === undefined ? 'children' : 'only';
}
