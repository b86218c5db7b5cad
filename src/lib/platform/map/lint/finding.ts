import type { CatalogModel } from './catalog-model.ts';
import type { MapModel } from './map-model.ts';

type Severity = 'error' | 'warning';

/** Something in the data map that is wrong, missing, or not as the database has it. */
export interface Finding {
  /** `MAP01`…; a number never changes its meaning. */
  readonly rule: string;
  readonly severity: Severity;
  /** Where in the document. */
  readonly path: readonly (string | number)[];
  /** What is wrong, in one lowercase sentence without a full stop. */
  readonly message: string;
}

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What the rule demands, for the documentation and `--json`. */
  readonly demand: string;
}

/** A rule that needs only the map. */
export interface MapRule extends Rule {
  check(model: MapModel): Iterable<Spot>;
}

/** A rule that compares the map with a database. */
export interface CatalogRule extends Rule {
  check(model: MapModel, catalog: CatalogModel): Iterable<Spot>;
}

export type Spot = Pick<Finding, 'path' | 'message'>;
