import type { Relation } from '../../../catalog/index.ts';
import type { MapField, MapKeyring, MapReference } from '../../map-schema.ts';

/** certain: the catalog says so. The others: how much of the sample speaks for it. */
export type Confidence = 'certain' | 'high' | 'medium' | 'low';

/** Why something is proposed: in words and counts, never with a value. */
export interface Note {
  readonly reason: string;
  readonly confidence: Confidence;
}

export interface DraftReference {
  readonly entry: MapReference;
  readonly note: Note;
}

export interface DraftField {
  readonly column: string;
  readonly entry: MapField;
  readonly note: Note;
  /** Of the paths of a JSON column. */
  readonly pathNotes: ReadonlyMap<string, Note>;
}

/** A table of the draft, in the order in which it is written. */
export interface DraftTable {
  /** Canonical `schema.table`. */
  readonly name: string;
  readonly relation: Relation;
  /** About the table as a whole. */
  readonly remarks: readonly string[];
  readonly primaryKey: { readonly columns: readonly string[]; readonly note: Note } | undefined;
  readonly tenant: { readonly column: string; readonly note: Note } | undefined;
  readonly owner: { readonly names: readonly string[]; readonly note: Note } | undefined;
  readonly references: readonly DraftReference[];
  readonly fields: readonly DraftField[];
  readonly nonPersonal: readonly { readonly column: string; readonly note: Note }[];
}

export interface DraftTrigger {
  readonly name: string;
  readonly effect: 'TODO' | 'changes-row' | 'none';
  readonly note: Note;
}

export interface DraftKeyring {
  readonly table: string;
  readonly entry: MapKeyring;
  readonly note: Note;
}

/** Keys of a bucket that no table explains. */
export interface UnexplainedKeys {
  readonly bucket: string;
  /** `export/<text>.zip`; nothing of a value stands in it. */
  readonly form: string;
  readonly keys: number;
  readonly reason: string;
}

export interface Draft {
  /** The one subject whose identity is an e-mail address is declared where some field is such. */
  readonly hasEmail: boolean;
  readonly tables: readonly DraftTable[];
  readonly keyrings: readonly DraftKeyring[];
  readonly triggers: readonly DraftTrigger[];
  /** Schemas that were not to be looked at. */
  readonly leftOut: readonly string[];
  readonly unexplained: readonly UnexplainedKeys[];
}

/** The identity that the draft gives to what is an address. */
export const emailIdentity = 'person.email';
