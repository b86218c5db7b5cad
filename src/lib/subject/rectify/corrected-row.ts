import { arrayElementsOrNull, arrayText } from '../erase/change/array-text.ts';
import type { ErasedField } from '../erase/change/fields.ts';
import { type Identity, normalised } from '../identity/identities.ts';
import { type NameSet, nameSet, type Redactor, redactor } from '../redact/index.ts';
import type { Correction } from './correction.ts';
import { isKept } from './find-places.ts';

/** Corrects the fields of rows of one table. */
export interface RowCorrector {
  readonly columns: readonly string[];
  /** @param row by column, in PostgreSQL's text form; @returns what changes */
  correct(row: Readonly<Record<string, string | null>>): ReadonlyMap<string, string | null>;
}

export function rowCorrector({ change, resolving, fields }: Correction, table: string): RowCorrector {
  const own = (fields.get(table) ?? []).filter((field) => !isKept(field));
  if (change.kind === 'field') {
    return { columns: [change.column], correct: () => new Map([[change.column, change.to]]) };
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
  return {
    columns: concerned.map(({ column }) => column),
    correct: (row) => {
      const changed = new Map<string, string | null>();
      for (const field of concerned) {
        const value = row[field.column] ?? null;
        if (value === null) continue;
        const isFurther =
          concerned.find(({ identity, form }) => identity === field.identity && form === 'text') !== field;
        const corrected = correctedValue(field, value, tools, isFurther);
        if (corrected !== undefined && corrected !== value) changed.set(field.column, corrected);
      }
      return changed;
    },
  };
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
    const rules = paths.flatMap(({ path, identity: own }) =>
      own?.kind === of ? [{ path, identity: own, erase: { text: to } }] : [],
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
