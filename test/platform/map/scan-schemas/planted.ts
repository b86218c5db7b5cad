/** A mail platform that the scan has never seen, and where its addresses were planted. */
export interface PlantedSchema {
  readonly name: string;
  readonly sql: string;
  /** Every column that holds an address, and the JSONPaths in it; each with a part of the reason that must be told. */
  readonly planted: readonly {
    readonly table: string;
    readonly column: string;
    readonly paths?: readonly string[];
    readonly says: string;
    /** What the draft must make of it. */
    readonly entry?: Readonly<Record<string, unknown>>;
  }[];
  /** Columns without addresses that must not be said to have any. */
  readonly clean: readonly (readonly [table: string, column: string])[];
  /** References without a foreign key: `table.column` and where it leads. */
  readonly soft: readonly (readonly [from: string, to: string])[];
}

/** Stands in every planted address and beside it; may appear nowhere in what postern writes. */
export const canary = 'kanarienvogel';
