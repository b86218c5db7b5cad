import type { MapField } from '../map-schema.ts';
import type { FidesField } from './dataset.ts';
import { anyElement, parseSimplePath, type Step } from './json-path.ts';

type PathEntry = NonNullable<MapField['paths']>[string];

interface Node {
  readonly children: Map<string, Node>;
  isArray: boolean;
  entry: PathEntry | undefined;
}

const node = (): Node => ({ children: new Map(), isArray: false, entry: undefined });

/** The parts of a JSON document as nested fields. */
export interface NestedFields {
  /** Of the column: `object`, or `object[]` where the document is an array. */
  readonly dataType: string;
  readonly fields: readonly FidesField[];
  /** Paths with more in them than names and `[*]`. */
  readonly left: readonly string[];
}

/** @param describe what a field says of its part, beside its name and type */
export function nestedFields(
  paths: NonNullable<MapField['paths']>,
  describe: (entry: PathEntry, path: string) => Partial<FidesField>,
): NestedFields {
  const root = node();
  const left: string[] = [];
  const names = new Map<Node, string>();
  for (const [path, entry] of Object.entries(paths)) {
    const steps = parseSimplePath(path);
    // The whole document is its column.
    if (steps === undefined || !steps.some((step) => step !== anyElement) || hasArrayOfArrays(steps)) {
      left.push(path);
      continue;
    }
    const found = steps.reduce(stepInto, root);
    found.entry = entry;
    names.set(found, path);
  }
  const toField = ([name, { children, isArray, entry }]: readonly [string, Node], own: Node): FidesField => {
    const inner = [...children].map((child) => toField(child, child[1]));
    const described = entry === undefined ? {} : describe(entry, names.get(own) ?? '');
    const type = inner.length === 0 ? 'string' : 'object';
    return {
      name,
      ...described,
      fides_meta: { ...described.fides_meta, data_type: `${type}${isArray ? '[]' : ''}` },
      ...(inner.length > 0 && { fields: inner }),
    };
  };
  return {
    dataType: root.isArray ? 'object[]' : 'object',
    fields: [...root.children].map((child) => toField(child, child[1])),
    left,
  };
}

const hasArrayOfArrays = (steps: readonly Step[]): boolean =>
  steps.some((step, index) => step === anyElement && steps[index + 1] === anyElement);

function stepInto(from: Node, step: Step): Node {
  if (step === anyElement) {
    from.isArray = true;
    return from;
  }
  const next = from.children.get(step) ?? node();
  from.children.set(step, next);
  return next;
}
