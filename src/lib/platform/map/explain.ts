import { z } from 'zod';
import { closest } from './closest.ts';

/**
 * The same schema with errors for a person: an unknown key comes with the nearest known one, and a value that fits
 * none of several forms is judged by the form that it most resembles.
 */
export function explained<S extends z.ZodType>(schema: S): z.ZodType<z.infer<S>> {
  return z.unknown().transform((value, context): z.infer<S> => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues.flatMap((issue) => explain(issue, [schema]))) {
      context.issues.push({ code: 'custom', path: [...path], message, input: value });
    }
    return z.NEVER;
  });
}

interface Explained {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** @param roots the schemas that the issue's path may start at */
function explain(issue: z.core.$ZodIssue, roots: readonly z.core.$ZodType[]): readonly Explained[] {
  const here = issue.path.reduce<readonly z.core.$ZodType[]>(
    (schemas, key) => schemas.flatMap((schema) => inside(schema, key)),
    roots,
  );
  if (issue.code === 'unrecognized_keys') {
    const known = here.flatMap(knownKeys);
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: unknownKey(key, known) }));
  }
  if (issue.code === 'invalid_key') {
    const [reason] = issue.issues;
    return [{ path: issue.path, message: reason?.message ?? issue.message }];
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.map((branch) => branch.flatMap((inner) => explain(inner, here)));
    const meant = branches
      .filter((branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0))
      .toSorted((a, b) => a.length - b.length)[0];
    if (meant !== undefined)
      return meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  return [{ path: issue.path, message: inWords(issue.message) }];
}

/** zod's own words, where the schema brings none, in the words of somebody who writes YAML. */
function inWords(message: string): string {
  const type = /^Invalid input: expected (\w+), received (\w+)$/.exec(message);
  if (type === null) return message;
  const [expected = '', received = ''] = type.slice(1).map((name) => yamlNames[name] ?? name);
  return received === 'undefined' ? `missing; expected ${expected}` : `expected ${expected}, not ${received}`;
}

const yamlNames: Readonly<Record<string, string>> = {
  record: 'a mapping',
  object: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  null: 'nothing',
};

function unknownKey(key: string, known: readonly string[]): string {
  const guess = closest(key, known);
  if (guess !== undefined) return `unknown key; did you mean ${guess}?`;
  return known.length === 0 ? 'unknown key' : `unknown key; known here are ${[...new Set(known)].join(', ')}`;
}

/** The schemas of what stands under a key, through unions, optional parts and the like. */
function inside(schema: z.core.$ZodType, key: PropertyKey): readonly z.core.$ZodType[] {
  return bare(schema).flatMap((plain) => {
    const { def } = (plain as z.core.$ZodTypes)._zod;
    if (def.type === 'object') return def.shape[String(key)] ?? [];
    if (def.type === 'record') return def.valueType;
    return def.type === 'array' ? def.element : [];
  });
}

function knownKeys(schema: z.core.$ZodType): readonly string[] {
  return bare(schema).flatMap((plain) => {
    const { def } = (plain as z.core.$ZodTypes)._zod;
    return def.type === 'object' ? Object.keys(def.shape) : [];
  });
}

function bare(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'nullable') return bare(def.innerType);
  return def.type === 'union' ? def.options.flatMap(bare) : [schema];
}
