/** Something that one format says and the other cannot. */
export interface Loss {
  readonly kind: LossKind;
  /** `schema.table`, `schema.table.column`, or what else it is about. */
  readonly path: string;
  /** What is lost, or what becomes of it. */
  readonly message: string;
}

export const lossKinds = [
  'about',
  'category',
  'composite-reference',
  'domain',
  'encryption',
  'erase',
  'exports',
  'fold',
  'held-by',
  'ignore',
  'keyed-hash',
  'keyring',
  'legal-basis',
  'name',
  'normalisation',
  'object',
  'other',
  'owner',
  'ownership',
  'parser',
  'path',
  'reference-path',
  'reference-target',
  'retention',
  'review',
  'self-reference',
  'tenant',
  'trigger',
  'type',
  'undecided',
] as const;

export type LossKind = (typeof lossKinds)[number];
