import { counted } from '../../base/counted.ts';
import type { SmokeExpectation } from './context.ts';

/** What a query gave. */
export interface SmokeAnswer {
  readonly rows: number;
  readonly columns: number;
  /** The first row's first value, as PostgreSQL writes it. */
  readonly value: string | null;
  /** OID of its type. */
  readonly type: number;
}

const boolean = 16;

/** @returns why the answer is not what was expected; undefined when it is. Values are never quoted: they may be personal */
export function judgeAnswer(expected: SmokeExpectation, answer: SmokeAnswer): string | undefined {
  const { rows, min, equals } = expected;
  if (rows !== undefined && answer.rows !== rows)
    return `it gave ${counted(answer.rows, 'row')}, not ${rows}`;
  if (min === undefined && equals === undefined) return undefined;
  if (answer.rows !== 1 || answer.columns !== 1)
    return `it gave ${counted(answer.rows, 'row')} of ${counted(answer.columns, 'column')}, not one value`;
  if (min !== undefined && !isAtLeast(answer.value, min))
    return `its value is ${isNumber(answer.value) ? answer.value : 'no number'}, not ${min} or more`;
  if (equals !== undefined && !isEqual(answer, equals)) return 'its value is another one than expected';
  return undefined;
}

function isNumber(value: string | null): value is string {
  return value !== null && value.trim() !== '' && !Number.isNaN(Number(value));
}

function isAtLeast(value: string | null, min: number): boolean {
  return isNumber(value) && Number(value) >= min;
}

function isEqual({ value, type }: SmokeAnswer, expected: string | number | boolean | null): boolean {
  if (value === null || expected === null) return value === expected;
  if (typeof expected === 'boolean') return type === boolean && value === (expected ? 't' : 'f');
  if (typeof expected === 'number') return isNumber(value) && Number(value) === expected;
  return value === expected;
}
