export interface Extension {
  readonly oid: number;
  readonly name: string;
  readonly version: string;
  readonly schema: string;
  readonly owner: string;
  readonly relocatable: boolean;
  /** The tables and sequences whose rows belong to the user and are to be backed up. */
  readonly configuration: readonly ExtensionConfiguration[];
}

interface ExtensionConfiguration {
  readonly relation: number;
  /** A WHERE clause with its keyword, or empty: all rows. */
  readonly condition: string;
}
