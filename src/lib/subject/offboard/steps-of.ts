import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';

export interface DoneStep {
  readonly kind: string;
  readonly tables: readonly string[];
  readonly result: JsonObject;
}

/** The steps of a plan with their results. @param resultOf by the step's place */
export const doneSteps = (
  plan: Plan,
  resultOf: (index: number) => JsonObject | undefined,
): readonly DoneStep[] =>
  plan.body.steps.map(({ kind, inputs }, index) => ({
    kind,
    tables: Array.isArray(inputs['tables']) ? (inputs['tables'] as string[]) : [],
    result: resultOf(index) ?? {},
  }));
