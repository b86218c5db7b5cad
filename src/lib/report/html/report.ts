import type { Markup } from './markup.ts';

/** How something went; shown by colour and by a sign, so that it reads without colours too. */
export type Tone = 'good' | 'bad' | 'warning' | 'neutral';

/** A page that stands for itself: one file, no scripts, nothing from elsewhere. All strings are plain text. */
export interface Report {
  /** What this is: `Restore drill`. */
  readonly title: string;
  /** What it is about: `production, set 20261123T050000Z-4f2a`. */
  readonly subtitle?: string;
  readonly verdict: Verdict;
  /** The few figures that matter, large. */
  readonly tiles?: readonly Tile[];
  readonly sections: readonly Section[];
  readonly madeAt: Date;
  /** `postern 0.1.0` */
  readonly madeBy: string;
}

export interface Verdict {
  readonly tone: Tone;
  /** The answer, in one sentence. */
  readonly headline: string;
  /** What it rests on. */
  readonly text?: string;
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  /** What the figure is measured against: `promised: 4 h`. */
  readonly note?: string;
  readonly tone?: Tone;
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | { readonly kind: 'table'; readonly table: Table }
  /** What `barChart` and `timeline` draw. */
  | { readonly kind: 'figure'; readonly figure: Markup };

export interface Fact {
  readonly label: string;
  readonly value: Cell;
}

/** `code`: a hash, an id, a name of the database; it may break anywhere. */
export type Cell =
  | string
  | { readonly text: string; readonly tone?: Tone; readonly style?: 'plain' | 'code' };

/** Made by `tableOf`. */
export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** What stands there instead of no rows. */
  readonly whenEmpty: string;
}

export interface TableColumn {
  readonly header: string;
  readonly align: 'left' | 'right';
  readonly sorted?: 'ascending' | 'descending';
}
