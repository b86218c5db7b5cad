import type { PolicyDocument } from '../../src/lib/backup/policy.ts';

type Statement = PolicyDocument['Statement'][number];

/** One request as IAM sees it. */
export interface IamRequest {
  readonly action: string;
  readonly resource: string;
  /** The condition keys that this request has; one that is missing here is missing in the request. */
  readonly context?: Readonly<Record<string, string>>;
}

/**
 * Evaluates policies together as AWS documents it (IAM user guide, "Policy evaluation logic" and "Condition
 * operators"): an explicit deny, then an allow, then no. It is a model to hold policies against, not AWS.
 */
export function isAllowed(policies: readonly PolicyDocument[], request: IamRequest): boolean {
  const matching = policies.flatMap(({ Statement }) => Statement).filter((one) => applies(one, request));
  return (
    matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny')
  );
}

function applies(statement: Statement, { action, resource, context = {} }: IamRequest): boolean {
  return (
    [statement.Action].flat().some((pattern) => matches(pattern, action)) &&
    [statement.Resource].flat().some((pattern) => matches(pattern, resource)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, expected]) => holds(operator, expected, context[key])),
    )
  );
}

/** A key that the request does not have fails every operator but `Null` and the negated ones. */
function holds(operator: string, expected: string, found: string | undefined): boolean {
  switch (operator) {
    case 'Null':
      return (found === undefined) === (expected === 'true');
    case 'StringNotEquals':
      return found !== expected;
    case 'Bool':
    case 'ArnEquals':
      return found === expected;
    case 'StringLike':
      return found !== undefined && matches(expected, found);
    case 'NumericLessThan':
      return found !== undefined && Number(found) < Number(expected);
    case 'NumericGreaterThan':
      return found !== undefined && Number(found) > Number(expected);
    default:
      throw new Error(`the condition operator ${operator} is not modelled`);
  }
}

/** `*` and `?` are wildcards, `${*}` and its like stand for themselves. */
function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/\$\{([*?$])\}|[\s\S]/g, (part, special: string | undefined) => {
    if (special !== undefined) return `\\${special}`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 's').test(text);
}
