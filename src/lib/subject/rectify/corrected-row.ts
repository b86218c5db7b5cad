import { arrayElementsOrNull, arrayText } from '../erase/change/array-text.ts';
import type { ErasedField } from '../erase/change/fields.ts';
import type { Treatment } from '../erase/closure/treatment.ts';
import { type Identity, normalised } from '../identity/identities.ts';
import { type NameSet, nameSet, type Redactor, redactor } from '../redact/index.ts';
import type { Correction } from './correction.ts';
import { isKept } from './find-places.ts';
import { type MadeColumn, madeColumns, newHalf } from './made-columns.ts';

/** Corrects the fields of rows of one table. */
export interface RowCorrector {
  readonly columns: readonly string[];
  /** What is right by itself once the columns are that it is made from. */
  readonly made: readonly MadeColumn[];
  /**
   * @param row by column, in PostgreSQL's text form
   * @param madeOf the values of `made`
   * @returns what changes
   */
  correct(
    row: Readonly<Record<string, string | null>>,
    madeOf: readonly (string | null)[],
  ): ReadonlyMap<string, string | null>;
  /** Of the values of `made` after the change: the column that has the old name still. */
  stillWrong(values: readonly (string | null)[]): string | undefined;
}

const untouched: RowCorrector = {
  columns: [],
  made: [],
  correct: () => new Map(),
  stillWrong: () => undefined,
};

export function rowCorrector(
  { change, resolving, fields, treatments }: Correction,
  treatment: Treatment,
): RowCorrector {
  const table = treatment.table.name;
  const own = (fields.get(table) ?? []).filter((field) => !isKept(field));
  if (change.kind === 'field') {
    // What a trigger copied of it elsewhere is not known by its old value.
    if (table !== change.table) return untouched;
    return {
      columns: [change.column],
      made: [],
      correct: () => new Map([[change.column, change.to]]),
      stillWrong: () => undefined,
    };
  }
  const { of, to } = change;
  const names = nameSet(change.old, resolving.graph.identities);
  const tools: Tools = {
    of,
    to,
    names,
    redactor: redactor(names, { placeholder: to, text: to, displayNames: 'kept' }),
  };
  const concerned = own.filter(
    ({ identity, paths }) => identity?.kind === of || paths.some((path) => path.identity?.kind === of),
  );
  const further = new Set(
    concerned.map(({ column }) => column).filter((column) => isFurther(treatments, treatment, column)),
  );
  const made = madeColumns(treatment, resolving.graph.identities, of);
  const columns = concerned.map(({ column }) => column);
  const parts = made.flatMap(({ from }) => from).filter((column) => !columns.includes(column));
  return {
    columns: [...new Set([...columns, ...parts])],
    made,
    stillWrong: (values) =>
      made.find(({ identity }, index) => names.has(identity, values[index] ?? '') && !names.has(identity, to))
        ?.column,
    correct: (row, madeOf) => {
      const changed = new Map<string, string | null>();
      for (const field of concerned) {
        const value = row[field.column] ?? null;
        if (value === null) continue;
        const corrected = correctedValue(field, value, tools, further.has(field.column));
        if (corrected !== undefined && corrected !== value) changed.set(field.column, corrected);
      }
      for (const [index, { identity, from }] of made.entries()) {
        const old = madeOf[index] ?? '';
        if (!names.has(identity, old)) continue;
        for (const part of from) {
          const half = changed.has(part) ? undefined : newHalf(row[part] ?? '', old, to);
          if (half !== undefined && half !== row[part]) changed.set(part, half);
        }
      }
      return changed;
    },
  };
}

/** References may lead to columns that refer themselves. */
const longestWay = 8;

/**
 * Whether a column holds a name beside the one that the map names first with this identity, which is as the person wrote
 * it. One that refers to another by convention holds what that one does, and has to hold it afterwards.
 */
function isFurther(
  treatments: Correction['treatments'],
  { table }: Treatment,
  column: string,
  way = 0,
): boolean {
  const identityOf = ({ fields }: Treatment['table'], name: string | undefined) =>
    fields.find(([own]) => own === name)?.[1].identity;
  const reference = table.references.find(
    ({ entry, columns }) => entry.kind === 'soft' && entry.path === undefined && columns.includes(column),
  );
  const to = reference === undefined ? undefined : treatments.get(reference.toTable);
  const toColumn = reference?.toColumns[reference.columns.indexOf(column)];
  if (
    to !== undefined &&
    toColumn !== undefined &&
    identityOf(to.table, toColumn) !== undefined &&
    way < longestWay
  )
    return isFurther(treatments, to, toColumn, way + 1);
  const identity = identityOf(table, column);
  return column !== table.fields.find(([, field]) => field.identity === identity)?.[0];
}

interface Tools {
  readonly of: string;
  readonly to: string;
  readonly names: NameSet;
  readonly redactor: Redactor;
}

function correctedValue(
  field: ErasedField,
  value: string,
  tools: Tools,
  isFurther: boolean,
): string | undefined {
  const { identity, parser, form, paths } = field;
  const { of, to, names } = tools;
  if (form === 'json' && paths.length > 0) {
    const rules = paths.flatMap(({ path, identity: own, parser: inside }) =>
      own?.kind === of
        ? [{ path, identity: own, erase: inside === undefined ? { text: to } : { inside } }]
        : [],
    );
    return tools.redactor.json(value, rules);
  }
  if (identity === undefined) return undefined;
  if (parser !== undefined) {
    const bytes = form === 'bytes' ? Buffer.from(value.slice(2), 'hex') : Buffer.from(value);
    const inside = tools.redactor.inside(bytes, parser, identity);
    if (inside === undefined) return undefined;
    return form === 'bytes' ? `\\x${inside.toString('hex')}` : inside.toString();
  }
  if (form === 'array') {
    const elements = arrayElementsOrNull(value);
    return arrayText(elements.map((one) => (one !== null && names.has(identity, one) ? to : one)));
  }
  return names.has(identity, value) ? copyOf(value, identity, to, isFurther) : undefined;
}

/** A further column of one identity that held the normal form of a name is a copy that the application made in that form. */
function copyOf(value: string, { normalise }: Identity, to: string, isFurther: boolean): string {
  const normal = (text: string) => normalised(text, normalise, []);
  return isFurther && value === normal(value) ? normal(to) : to;
}
