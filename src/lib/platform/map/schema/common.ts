import { z } from 'zod';
import { namePattern } from '../name.ts';

/** What `map scan` writes where a person has to decide; `map lint` finds each. */
export const todo = 'TODO';

const dotted = (parts: number, form: string) =>
  z.string().regex(namePattern(parts), `expected ${form}, with double quotes around a part that holds a dot`);

export const tableName = dotted(2, 'schema.table');
export const columnName = dotted(3, 'schema.table.column');
export const triggerName = dotted(3, 'schema.table.trigger');

/** The name of a column of the table at hand, exactly as the database has it: no quotes. */
export const ownColumn = z.string().min(1, 'expected the name of a column');

/** A name that the map itself gives: of a subject, an identity, a reference. */
export const label = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]*$/,
    'expected a name in lowercase letters, digits, _ and -, starting with a letter',
  );

/** Why something is as it is, for the reader of an audit. */
export const reason = z.string().trim().min(1, 'expected a reason in words');

/** One of these words, or TODO. */
export const choice = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum([...words, todo] as unknown as [...T, typeof todo], `expected one of ${words.join(', ')}, or TODO`);
