import type { Catalog, Column, Relation } from '../../../catalog/index.ts';
import { wordsOf } from '../draft/name-hint.ts';

/** A column that may hold the values of another one, by their names and types. */
export interface Candidate {
  readonly from: Relation;
  readonly column: Column;
  readonly to: Relation;
  readonly toColumn: Column;
  /** Why: for the comment. */
  readonly match: string;
  /** The closer the names, the lower. */
  readonly rank: number;
}

/** Names that many tables have for things of their own. */
const ownNames = new Set([
  'id',
  'uid',
  'uuid',
  'guid',
  'name',
  'key',
  'code',
  'type',
  'kind',
  'status',
  'state',
  'number',
  'no',
  'version',
  'position',
  'slug',
  'title',
  'at',
  'date',
  'count',
  'seq',
]);
const idWords = new Set(['id', 'uid', 'uuid', 'guid', 'ref', 'key', 'no', 'number', 'code']);
const selfWords = new Set(['parent', 'root', 'reply', 'thread', 'original', 'previous', 'next', 'manager']);

/** Columns that can be referred to: alone they find one row. */
interface Target {
  readonly relation: Relation;
  readonly column: Column;
  readonly table: readonly string[];
  readonly words: readonly string[];
}

/** Every pair of a column without a foreign key and a unique one whose types and names match, the closest names first. */
export function candidates(
  relations: readonly Relation[],
  { foreignKeys }: Catalog,
  isEmail: (relation: Relation, column: string) => boolean,
): readonly Candidate[] {
  const targets = relations.flatMap(targetsOf);
  const byType = Map.groupBy(targets, ({ column }) => typeGroup(column));
  return relations.flatMap((from) => {
    const constrained = new Set(
      foreignKeys
        .filter(({ relation, columns }) => relation === from.oid && columns.length === 1)
        .map(({ columns }) => columns[0]),
    );
    return from.columns
      .filter((column) => !constrained.has(column.name) && !isNumbered(column))
      .flatMap((column) => {
        const words = wordsOf(column.name);
        return (byType.get(typeGroup(column)) ?? []).flatMap((target) =>
          candidate({ from, column, words }, target, isEmail),
        );
      })
      .toSorted((one, other) => one.rank - other.rank);
  });
}

/** A number that the table gives its rows itself leads nowhere. */
const isNumbered = ({ identity, default: value }: Column): boolean =>
  identity !== null || value?.startsWith('nextval(') === true;

function targetsOf(relation: Relation): readonly Target[] {
  if (relation.kind !== 'table' && relation.kind !== 'partitioned-table') return [];
  const alone = relation.constraints.filter(
    ({ kind, columns }) => (kind === 'primary-key' || kind === 'unique') && columns.length === 1,
  );
  const indexed = relation.indexes.filter(
    ({ unique, valid, predicate, columns }) => unique && valid && predicate === null && columns.length === 1,
  );
  const names = new Set([
    ...alone.flatMap(({ columns }) => columns),
    ...indexed.flatMap(({ columns }) => columns),
  ]);
  const table = wordsOf(relation.name).map((word, index, all) =>
    index === all.length - 1 ? singular(word) : word,
  );
  return relation.columns
    .filter(({ name }) => names.has(name))
    .map((column) => ({ relation, column, table, words: wordsOf(column.name) }));
}

function candidate(
  {
    from,
    column,
    words,
  }: { readonly from: Relation; readonly column: Column; readonly words: readonly string[] },
  { relation: to, column: toColumn, table, words: key }: Target,
  isEmail: (relation: Relation, column: string) => boolean,
): readonly Candidate[] {
  if (from.oid === to.oid && column.name === toColumn.name) return [];
  const rank = from.oid === to.oid ? selfRank(words, table) : nameRank(words, table, key);
  const pair = { from, column, to, toColumn };
  if (rank !== undefined) return [{ ...pair, rank, match: 'name and type match' }];
  const areEmails = from.oid !== to.oid && isEmail(from, column.name) && isEmail(to, toColumn.name);
  return areEmails ? [{ ...pair, rank: 9, match: 'both hold addresses, one of them each only once' }] : [];
}

/** How well a column is called after a table and its key: `sender_account_id` after `accounts.id`. */
function nameRank(
  column: readonly string[],
  table: readonly string[],
  key: readonly string[],
): number | undefined {
  const last = table.at(-1) ?? '';
  if (endsWith(column, [...table, ...key])) return 0;
  if (key.length > 1 && endsWith(column, key) && key.some((word) => word === last)) return 1;
  if (
    endsWith(column, [...table]) ||
    (endsWith(column.slice(0, -1), table) && idWords.has(column.at(-1) ?? ''))
  )
    return 2;
  if (column.join(' ') === key.join(' ') && !ownNames.has(key.join(' '))) return 3;
  if (
    column.length > 1 &&
    (column.at(-1) === last || (column.at(-2) === last && idWords.has(column.at(-1) ?? '')))
  )
    return 4;
  return undefined;
}

function selfRank(column: readonly string[], table: readonly string[]): number | undefined {
  if (column.some((word) => selfWords.has(word))) return 5;
  return column.length > table.length && endsWith(column.slice(0, -1), table) ? 6 : undefined;
}

const endsWith = (words: readonly string[], end: readonly string[]): boolean =>
  end.length > 0 &&
  end.length <= words.length &&
  end.every((word, index) => words[words.length - end.length + index] === word);

function singular(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(?:sses|xes|ches|shes)$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

/** Types whose values can be equal. */
function typeGroup({ baseType }: Column): string {
  const plain = baseType.replace(/\(.*\)$/, '');
  if (/^(?:text|character varying|character|(?:\S+\.)?citext)$/.test(plain)) return 'text';
  return /^(?:smallint|integer|bigint)$/.test(plain) ? 'integer' : plain;
}
