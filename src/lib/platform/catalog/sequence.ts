/** A sequence; its numbers are text because they reach 2^63 - 1. */
export interface Sequence {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycle: boolean;
  /** How the column in `owner…` holds it; null: it stands alone. */
  readonly ownership: 'serial' | 'identity' | null;
  readonly ownerSchema: string | null;
  readonly ownerTable: string | null;
  readonly ownerColumn: string | null;
  /** The first two arguments of setval; both null where the role may not SELECT the sequence. */
  readonly lastValue: string | null;
  readonly called: boolean | null;
  readonly extension: string | null;
}
