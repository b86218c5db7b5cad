import type { Client } from '../../../../base/postgres.ts';
import type { Progress } from '../../../../base/progress.ts';
import type { Catalog, Relation } from '../../../catalog/index.ts';
import { nameOf } from '../../lint/catalog-model.ts';
import { formatName } from '../../name.ts';
import type { DraftReference } from '../draft/draft.ts';
import type { SampleLimits } from '../sample/read-sample.ts';
import { type Candidate, candidates } from './candidate.ts';
import { type Inclusion, inclusion } from './inclusion.ts';

/** The least share of a column's different values that its target has. */
const wanted = 0.99;
/** Columns that each is compared with: those whose names are closest. */
const mostOfColumn = 4;
/** Milliseconds for a pair; a table's pairs take no longer than its sample may. */
const pairTime = 5000;

/** References that no foreign key declares, by canonical `schema.table`: names and types match, and the values are there. */
export async function softReferences(
  db: Client,
  { catalog, relations, isEmail, limits, progress, signal }: SoftReferenceOptions,
): Promise<ReadonlyMap<string, readonly DraftReference[]>> {
  const found = new Map<string, DraftReference[]>();
  const byColumn = Map.groupBy(
    candidates(relations, catalog, isEmail),
    ({ from, column }) => `${from.oid} ${column.name}`,
  );
  const step = progress.step('compare columns that may refer to each other');
  const spent = new Map<string, number>();
  for (const list of byColumn.values()) {
    for (const pair of list.slice(0, mostOfColumn)) {
      signal.throwIfAborted();
      const table = nameOf(pair.from);
      if ((spent.get(table) ?? 0) > limits.time) break;
      const start = performance.now();
      const reference = await compared(db, { catalog, limits }, pair, isEmail);
      spent.set(table, (spent.get(table) ?? 0) + performance.now() - start);
      if (reference === undefined) continue;
      found.set(table, [...(found.get(table) ?? []), reference]);
      break;
    }
  }
  step.done();
  return found;
}

export interface SoftReferenceOptions {
  readonly catalog: Catalog;
  readonly relations: readonly Relation[];
  /** Whether a column's values are addresses as a whole. */
  readonly isEmail: (relation: Relation, column: string) => boolean;
  readonly limits: SampleLimits;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function compared(
  db: Client,
  { catalog, limits }: { readonly catalog: Catalog; readonly limits: SampleLimits },
  pair: Candidate,
  isEmail: SoftReferenceOptions['isEmail'],
): Promise<DraftReference | undefined> {
  const ask = (fold: boolean) => inclusion(db, catalog, { ...pair, fold, limits, time: pairTime });
  const exact = await ask(false);
  if (isIncluded(exact)) return reference(pair, exact, false);
  if (!isEmail(pair.from, pair.column.name)) return undefined;
  const folded = await ask(true);
  return isIncluded(folded) ? reference(pair, folded, true) : undefined;
}

const isIncluded = (inclusion: Inclusion | undefined): inclusion is Inclusion =>
  inclusion !== undefined && inclusion.values > 0 && inclusion.found >= wanted * inclusion.values;

function reference(
  { column, to, toColumn, match }: Candidate,
  { values, found }: Inclusion,
  fold: boolean,
): DraftReference {
  return {
    entry: {
      column: column.name,
      to: formatName(to.schema, to.name, toColumn.name),
      kind: 'soft',
      ...(fold ? { fold: 'lower' } : {}),
    },
    note: {
      reason: `${match}; ${found} of ${values} different values are there${fold ? ', in lower case' : ''}`,
      confidence: values >= 20 ? 'high' : values >= 3 ? 'medium' : 'low',
    },
  };
}
