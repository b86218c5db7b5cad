import { z } from 'zod';
import { integrityError, refused } from '../base/error.ts';
import { canonicalJson, type JsonObject, parseCanonicalJson } from '../crypto/canonical-json.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import type { OperationContext } from './context.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const jsonObject = z.record(z.string(), z.json());
const time = z.iso.datetime({ precision: 3 });

/** What a plan is made for. Every member that a plan states must be the same when it is applied. */
const planTarget = z.strictObject({
  /** pg_control_system().system_identifier, in decimal. */
  systemIdentifier: z.string().regex(/^\d+$/),
  database: z.string().min(1),
  host: z.string().optional(),
  cloudAccount: z.string().optional(),
});

const planStep = z.strictObject({
  kind: z.string().min(1),
  /** One line for a person. */
  summary: z.string().min(1),
  inputs: jsonObject,
  /** What would undo the step, where something would. */
  inverse: z.strictObject({ kind: z.string().min(1), inputs: jsonObject }).optional(),
});

/** A fact that must be the same when applying begins: the hash of a schema, a map, a row set. */
const precondition = z.strictObject({ name: z.string().min(1), sha256 });

/** A plan's text, parsed. docs/formats/plan.md describes every member. */
export const planBody = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/),
  profile: z.string().min(1),
  target: planTarget,
  author: z.strictObject({
    fingerprint: z
      .string()
      .regex(/^[0-9A-F]{40}$/)
      .optional(),
    osUser: z.string(),
    host: z.string(),
  }),
  createdAt: time,
  expiresAt: time,
  inputs: jsonObject,
  steps: z.array(planStep).min(1),
  preconditions: z.array(precondition),
  /** What will be different afterwards, as counts: `{"rows deleted": 120}`. */
  effects: z.record(z.string(), z.number().int().nonnegative()),
  /** How many operators besides the author had to approve it when it was made; whoever applies it can only ask for more. */
  approvals: z.number().int().nonnegative(),
});

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export type PlanBody = DeepReadonly<z.infer<typeof planBody>>;
export type PlanTarget = PlanBody['target'];
export type Precondition = PlanBody['preconditions'][number];

/** A change that is written down before it is made. */
export interface Plan {
  /** SHA-256 of the text's UTF-8 bytes, lowercase hex. */
  readonly id: string;
  /** The body as canonical JSON: what is stored, shown, hashed and signed. */
  readonly text: string;
  readonly body: PlanBody;
}

/** What a domain says of its plan; the rest comes from the context. */
export type PlanDraft = Pick<
  PlanBody,
  'kind' | 'target' | 'inputs' | 'steps' | 'preconditions' | 'effects'
> & {
  /** Milliseconds until it expires; seven days unless told. */
  readonly validFor?: number;
};

const week = 7 * 86_400_000;

/** Writes a plan down; nothing is stored yet. */
export function createPlan(context: OperationContext, { validFor = week, ...draft }: PlanDraft): Plan {
  const now = context.clock.now();
  const { fingerprint, osUser, host } = context.actor;
  const text = canonicalJson({
    ...draft,
    formatVersion: 1,
    profile: context.profile,
    author: { ...(fingerprint === undefined ? {} : { fingerprint }), osUser, host },
    createdAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + validFor).toISOString(),
    approvals: requiredApprovals(context, { kind: draft.kind, approvals: 0 }),
  } as unknown as JsonObject);
  return readPlan(sha256Hex(text), text);
}

/**
 * Reads a plan's text as the plan that has this id.
 * @throws {PosternError} exit 5 `plan-tampered` when the text is not the id's, exit 6 `plan-format` when it is, but in
 * a form that this postern does not know
 */
export function readPlan(id: string, text: string): Plan {
  if (sha256Hex(text) !== id) {
    throw integrityError(`the stored text of plan ${shortId(id)} is not the one that its id names`, {
      code: 'plan-tampered',
      hints: ['do not apply it; find out who changed the state database: `postern audit verify`'],
    });
  }
  const parsed = planBody.safeParse(parseCanonicalJson(text));
  if (!parsed.success) throw unknownForm(id, parsed.error);
  return { id, text, body: parsed.data };
}

/** A plan's inputs in the form that its kind gives them. @throws {PosternError} exit 6 `plan-format` */
export function planInputs<T>({ id, body }: Plan, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(body.inputs);
  if (!parsed.success) throw unknownForm(id, parsed.error);
  return parsed.data;
}

function unknownForm(id: string, cause: unknown): Error {
  return refused(`plan ${shortId(id)} has a form that this postern does not know`, {
    code: 'plan-format',
    cause,
    hints: ['use the postern that made it, or make the plan again'],
  });
}

/** Kinds that no configuration lets fewer operators approve, because nobody can undo what they do. */
const leastApprovals: Readonly<Record<string, number>> = { 'key.destroy': 2 };

/**
 * How many approvals a plan needs: what it asks for itself, or what this profile asks for by now, if that is more, and
 * never less than its kind takes.
 */
export function requiredApprovals(
  context: Pick<OperationContext, 'approvalsFor'>,
  { kind, approvals }: Pick<PlanBody, 'kind' | 'approvals'>,
): number {
  return Math.max(approvals, context.approvalsFor(kind), leastApprovals[kind] ?? 0);
}

/** Enough of an id for a person's eye. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
