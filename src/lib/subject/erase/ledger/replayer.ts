import type { Client } from '../../../base/postgres.ts';
import { readCatalog } from '../../../platform/catalog/index.ts';
import { canonicalName, type DataMap, formatName } from '../../../platform/map/index.ts';
import { personGraph } from '../../graph/person-graph.ts';
import type { HoldMatcher } from '../../hold/index.ts';
import type { NameHasher } from '../../name-hash/index.ts';
import type { Eraser } from '../change/change-row.ts';
import { closureOf } from '../closure/closure.ts';
import { blockers, requireUnblocked } from '../closure/requirements.ts';
import { dropWork, temporaryWork } from '../closure/work.ts';
import { openTransaction } from '../run/batches.ts';
import { runRows } from '../run/run-rows.ts';
import { findByHash } from './find-by-hash.ts';
import { eraseErasure, ledgerDetail } from './ledger.ts';

export interface ReplayOptions {
  map(): Promise<DataMap>;
  hasher(): Promise<NameHasher>;
  pseudonym(): Promise<Eraser['pseudonym']>;
  holds(map: DataMap): Promise<HoldMatcher | undefined>;
  readonly now: () => Date;
}

/**
 * Repeats erasures of persons in a restored database, in the transaction that the session is in: they are found again by
 * the hashes of their names, and treated as the map says today. Whoever is not in that backup is passed over. Objects are
 * those of the live platform, and stay as they are.
 * @throws {PosternError} exit 6 `erase-blocked`, `subject-ambiguous`: the database then stays closed
 */
export const eraseReplayer = (options: ReplayOptions) => ({
  kind: eraseErasure,
  replay: async (
    client: Client,
    entries: readonly { readonly detail: unknown }[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<{ readonly replayed: number; readonly rows: number }> => {
    const tables = await tablesOf(client);
    const map = presentMap(await options.map(), tables);
    const graph = personGraph(map);
    let rows = 0;
    // Tenant by tenant: an erasure within one leaves the same address in another.
    const details = entries.map(({ detail }) => ledgerDetail.parse(detail));
    for (const [tenant, some] of Map.groupBy(details, (one) => one.tenant)) {
      const hashes = some.flatMap(({ persons }) => persons);
      const people = { graph, hasher: await options.hasher(), tables, signal };
      const seeds = (await findByHash(client, people, hashes)).filter(({ size }) => size > 0);
      if (seeds.length === 0) continue;
      rows += await eraseAgain(client, options, { map, seeds, tenant: tenant ?? undefined, signal });
    }
    return { replayed: entries.length, rows };
  },
});

/** Canonical names of the tables that the database has. */
export async function tablesOf(client: Client): Promise<ReadonlySet<string>> {
  const { relations } = await readCatalog(client);
  return new Set(relations.map(({ schema, name }) => formatName(schema, name)));
}

/** Does to a restored database what was done to the live one. @returns how many rows it touched */
export async function eraseAgain(
  client: Client,
  options: ReplayOptions,
  again: Pick<Parameters<typeof closureOf>[1], 'map' | 'seeds' | 'tenant' | 'wholeTenant' | 'signal'>,
): Promise<number> {
  const closure = await closureOf(client, {
    ...again,
    at: options.now(),
    work: temporaryWork,
    holds: await options.holds(again.map),
  });
  const pseudonym = await options.pseudonym();
  requireUnblocked(
    blockers({
      ...closure,
      treatments: closure.task.treatments,
      hasPseudonymKey: pseudonym !== undefined,
      objects: [],
      buckets: [],
    }),
  );
  const rows = await runRows(closure, openTransaction(client, again.signal), pseudonym);
  await dropWork(client, temporaryWork);
  return rows;
}

/** The map without tables that a restore of chosen tables left out. */
export function presentMap(map: DataMap, tables: ReadonlySet<string>): DataMap {
  return {
    ...map,
    tables: Object.fromEntries(
      Object.entries(map.tables).filter(([name]) => tables.has(canonicalName(name))),
    ),
  };
}
