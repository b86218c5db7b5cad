import type { z } from 'zod';
import { closest } from './closest.ts';

/** One problem in the words of somebody who writes YAML. */
export interface ExplainedIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** What is wrong: the name at the end of the path, or what stands under it. */
  readonly about: 'key' | 'value';
}

/** A schema and the value that it judges: which one of several forms is meant can depend on it. */
export interface Judged {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
}

/**
 * A schema's issue for a person: an unknown key comes with the nearest known one, and a value that fits none of
 * several forms is judged by the form that it most resembles. The value itself is never repeated: it may be a secret.
 * @param whole the document that was parsed, and what it was parsed with
 */
export function explainIssue(issue: z.core.$ZodIssue, whole: Judged): readonly ExplainedIssue[] {
  return explain(issue, [whole]);
}

/** @param roots what the issue's path may start at */
function explain(issue: z.core.$ZodIssue, roots: readonly Judged[]): readonly ExplainedIssue[] {
  const { path } = issue;
  const here = path.reduce<readonly Judged[]>(
    (places, key) => places.flatMap((place) => inside(place, key)),
    roots,
  );
  if (issue.code === 'unrecognized_keys') {
    const known = [...new Set(here.flatMap(knownKeys))];
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known), about: 'key' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: inWords(issue.issues[0] ?? issue, 'present'), about: 'key' }];
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.map((branch) => branch.flatMap((inner) => explain(inner, here)));
    const meant = branches
      .filter((branch) => branch.length > 0 && branch.every((inner) => inner.path.length > 0))
      .toSorted((a, b) => a.length - b.length)[0];
    if (meant !== undefined) return meant.map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
  }
  const isMissing = here.length > 0 && here.every(({ value }) => value === undefined);
  return [{ path, message: inWords(issue, isMissing ? 'missing' : 'present'), about: 'value' }];
}

/** zod's own words, where the schema brings none, in the words of somebody who writes YAML. */
function inWords(issue: z.core.$ZodIssue, presence: 'missing' | 'present'): string {
  if (!/^(?:Invalid|Too big:|Too small:)/.test(issue.message)) return issue.message;
  const { expected, instead } = expectation(issue);
  if (presence === 'missing' || instead === 'undefined') return `missing; expected ${expected}`;
  return instead === undefined ? `expected ${expected}` : `expected ${expected}, not ${word(instead)}`;
}

function expectation(issue: z.core.$ZodIssue): { readonly expected: string; readonly instead?: string } {
  switch (issue.code) {
    case 'invalid_type': {
      const instead = / received (\w+)$/.exec(issue.message)?.[1];
      return { expected: word(issue.expected), ...(instead === undefined ? {} : { instead }) };
    }
    case 'invalid_value':
      return { expected: oneOf(issue.values) };
    case 'invalid_union':
      return { expected: 'options' in issue ? oneOf(issue.options ?? []) : 'another form' };
    case 'too_small':
      return { expected: `at least ${issue.minimum}${units[issue.origin] ?? ''}` };
    case 'too_big':
      return { expected: `at most ${issue.maximum}${units[issue.origin] ?? ''}` };
    case 'invalid_format':
      return { expected: issue.format === 'url' ? 'a URL' : `a text like ${issue.pattern ?? issue.format}` };
    default:
      return { expected: 'another value' };
  }
}

const units: Readonly<Record<string, string>> = { string: ' characters', array: ' items' };

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`;
}

const yamlNames: Readonly<Record<string, string>> = {
  record: 'a mapping',
  object: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
};

function word(type: string): string {
  return yamlNames[type] ?? type;
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = closest(key, known);
  if (guess !== undefined) return `unknown key; did you mean ${guess}?`;
  return known.length === 0 ? 'unknown key' : `unknown key; known here are ${known.join(', ')}`;
}

/** What stands under a key, through unions, optional parts and the like. */
function inside(place: Judged, key: PropertyKey): readonly Judged[] {
  return bare(place).flatMap(({ schema, value }) => {
    const { def } = (schema as z.core.$ZodTypes)._zod;
    const under: unknown = isMapping(value) ? value[key] : undefined;
    const found = (next: z.core.$ZodType | undefined): readonly Judged[] =>
      next === undefined ? [] : [{ schema: next, value: under }];
    if (def.type === 'object') return found(def.shape[String(key)]);
    if (def.type === 'record') return found(def.valueType);
    return def.type === 'array' ? found(def.element) : [];
  });
}

function knownKeys(place: Judged): readonly string[] {
  return bare(place).flatMap(({ schema }) => {
    const { def } = (schema as z.core.$ZodTypes)._zod;
    return def.type === 'object' ? Object.keys(def.shape) : [];
  });
}

function bare(place: Judged): readonly Judged[] {
  const { schema, value } = place;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'nullable') return bare({ schema: def.innerType, value });
  if (def.type !== 'union') return [place];
  const forms = def.options.flatMap((option) => bare({ schema: option, value }));
  const named =
    'discriminator' in def ? forms.filter((form) => isNamed(form, String(def.discriminator))) : [];
  return named.length > 0 ? named : forms;
}

/** Whether the value names this form of a union: `adapter: s3`. */
function isNamed({ schema, value }: Judged, discriminator: string): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const literal = def.type === 'object' ? def.shape[discriminator] : undefined;
  return isMapping(value) && (literal?._zod.values?.has(value[discriminator] as string) ?? false);
}

function isMapping(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}
