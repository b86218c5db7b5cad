import type { JsonObject, JsonValue } from '../crypto/canonical-json.ts';
import type { OperationContext } from './context.ts';
import type { Plan, PlanTarget, Precondition } from './plan.ts';

/**
 * What a domain implements so that its plans share one approval surface, one journal, one resume and one staleness
 * check. A kind holds no state: whatever a step needs stands in the plan.
 */
export interface PlanKind<C extends OperationContext = OperationContext> {
  /** `operator.revoke`: the topic, a dot, the verb. */
  readonly kind: string;
  /**
   * How a person confirms where nobody has to approve: `none` runs, `moderate` asks yes or no, `severe` asks for the
   * target's name.
   */
  readonly danger: Danger;

  /** The target as it is now. */
  target(context: C, plan: Plan): Promise<PlanTarget>;

  /** The plan's preconditions as they are now, under the same names. */
  preconditions(context: C, plan: Plan): Promise<readonly Precondition[]>;

  /**
   * Does one step and tells its result, which is kept in the journal. It is called again after a crash, a lost
   * connection or a failure, without knowing how far it came: doing it twice must be the same as doing it once.
   */
  applyStep(context: C, plan: Plan, index: number, journal: StepJournal): Promise<JsonObject>;

  /** What the certificate says, from the results of all steps; a kind without it gets no certificate. */
  certify?(context: C, plan: Plan, results: readonly JsonObject[]): Promise<CertificateContent>;

  /** What a plan that is given up half-way leaves behind, and how to remove it: a sentence each. */
  leftovers?(context: C, plan: Plan): Promise<readonly string[]>;
}

export type Danger = 'none' | 'moderate' | 'severe';

/** A step's own memory, for steps that work in batches. */
export interface StepJournal {
  /** What this step last kept by `checkpoint`, in this run or an earlier one. */
  readonly lastCheckpoint: JsonValue | undefined;
  /** Keeps a value durably; fails once the plan's lock is lost, so call it between batches. */
  checkpoint(value: JsonObject): Promise<void>;
}

interface CertificateContent {
  /** What the certificate is about, besides the plan itself, which is always its first subject. */
  readonly subject: readonly CertificateSubject[];
  /** A URI: `urn:postern:predicate:operator-revoke:v1`. */
  readonly predicateType: string;
  /** Everything but `plan`, which is added. */
  readonly predicate: JsonObject;
}

export interface CertificateSubject {
  readonly name: string;
  /** Algorithm to lowercase hex: `{sha256: "…"}`. */
  readonly digest: Readonly<Record<string, string>>;
}
