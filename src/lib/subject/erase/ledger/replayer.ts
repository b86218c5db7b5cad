import { refused } from '../../../base/error.ts';
import type { Client } from '../../../base/postgres.ts';
import { readCatalog } from '../../../platform/catalog/index.ts';
import { type DataMap, unmapped } from '../../../platform/map/index.ts';
import { ownNamesOf, type PersonGraph, personGraph } from '../../graph/person-graph.ts';
import type { HoldMatcher } from '../../hold/index.ts';
import { isWeak } from '../../identity/identities.ts';
import type { KnownValues } from '../../identity/spots.ts';
import { keyIdOf, type NameHasher } from '../../name-hash/index.ts';
import type { Eraser } from '../change/change-row.ts';
import { closureOf } from '../closure/closure.ts';
import { blockers, requireUnblocked } from '../closure/requirements.ts';
import { dropWork, temporaryWork, workSchema } from '../closure/work.ts';
import { openTransaction } from '../run/batches.ts';
import { eraserOf } from '../run/run.ts';
import { runRows } from '../run/run-rows.ts';
import { refusedChanges } from '../run/trial.ts';
import { findByHash } from './find-by-hash.ts';
import { eraseErasure, type LedgerDetail, ledgerDetail } from './ledger.ts';
import { columnsOf, presentMap } from './present-map.ts';
import { sharedByHash } from './shared-by-hash.ts';

export interface ReplayOptions {
  map(): Promise<DataMap>;
  hasher(): Promise<NameHasher>;
  pseudonym(): Promise<Eraser['pseudonym']>;
  holds(map: DataMap): Promise<HoldMatcher | undefined>;
  readonly now: () => Date;
}

export interface Replayed {
  readonly replayed: number;
  readonly rows: number;
  /** What the restored database has and the map does not mention: nothing was looked for there. */
  readonly unmapped: readonly string[];
}

/**
 * Repeats erasures of persons in a restored database, in the transaction that the session is in: they are found again by
 * the hashes of their names, and treated as the map says today. Whoever is not in that backup is passed over. Objects are
 * those of the live platform, and stay as they are.
 * @throws {PosternError} exit 6 `erase-blocked`, `subject-ambiguous`: the database then stays closed
 */
export const eraseReplayer = (options: ReplayOptions) => ({
  kind: eraseErasure,
  prepare: async (entries: readonly { readonly detail: unknown }[]): Promise<void> =>
    requireKeys(detailsOf(entries), await options.hasher()),
  replay: async (
    client: Client,
    entries: readonly { readonly detail: unknown }[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Replayed> => {
    const catalog = await readCatalog(client);
    const today = await options.map();
    const present = columnsOf(catalog);
    const tables = new Set(present.keys());
    const map = presentMap(today, present);
    const graph = personGraph(map);
    let rows = 0;
    // Tenant by tenant: an erasure within one leaves the same address in another.
    for (const some of Map.groupBy(detailsOf(entries), (one) =>
      JSON.stringify([one.tenant, one.onePerson, one.shared]),
    ).values()) {
      const { tenant = null, onePerson = false, shared = [] } = some[0] ?? {};
      const hashes = some.flatMap(({ persons }) => persons);
      const people = { graph, hasher: await options.hasher(), tables, signal };
      const seeds = (await findByHash(client, people, hashes)).filter(({ size }) => size > 0);
      if (seeds.length === 0) continue;
      for (const group of byIds(graph, seeds)) {
        rows += await eraseAgain(client, options, {
          map,
          ...group,
          tenant: tenant ?? undefined,
          onePerson,
          isShared: sharedByHash(people.hasher, graph.identities, shared),
          signal,
        });
      }
    }
    // A backup that was made during an erasure has its work tables, which name the persons.
    await dropWork(client, { schema: workSchema, prefix: 'erase' });
    return { replayed: entries.length, rows, unmapped: unmapped(today, catalog) };
  },
});

/**
 * Persons whose id is there apart from the others: an address of theirs may lead to a further row in an older backup, of
 * somebody who had it before or of an account that was closed since, which is not who was erased.
 */
function byIds(
  graph: PersonGraph,
  seeds: readonly KnownValues[],
): readonly { readonly seeds: readonly KnownValues[]; readonly ids?: KnownValues }[] {
  const kinds = new Set(
    graph.roots
      .flatMap((root) => ownNamesOf(graph.spots, root))
      .flatMap(({ identity }) => (isWeak(identity) || identity.kind === 'email' ? [] : identity.kind)),
  );
  const ids = new Map<string, Set<string>>();
  const [known, unknown]: [KnownValues[], KnownValues[]] = [[], []];
  for (const seed of seeds) {
    const own = [...seed].filter(([kind, { size }]) => size > 0 && kinds.has(kind));
    (own.length > 0 ? known : unknown).push(seed);
    for (const [kind, values] of own) ids.set(kind, new Set([...(ids.get(kind) ?? []), ...values]));
  }
  return [{ seeds: known, ids }, { seeds: unknown }].filter((group) => group.seeds.length > 0);
}

const detailsOf = (entries: readonly { readonly detail: unknown }[]): readonly LedgerDetail[] =>
  entries.map(({ detail }) => ledgerDetail.parse(detail));

/**
 * A hash is compared with nothing without its key, and whoever it is of would come back.
 * @throws {PosternError} exit 6, `erasure-key-missing`
 */
function requireKeys(details: readonly LedgerDetail[], { keyIds }: NameHasher): void {
  const ids = details.flatMap(({ persons, shared }) => [...persons.flat(), ...shared]).map(keyIdOf);
  const unknown = ids.find((id) => !keyIds.includes(id));
  if (unknown === undefined) return;
  throw refused(`persons were erased under the name-hash key ${unknown}, which is not configured`, {
    code: 'erasure-key-missing',
    hints: [
      'put the key back under subjects.hmac_keys, behind the others: without it nobody knows who is to be erased again',
      'where it is lost: --without-erasures, which brings erased persons back and is recorded',
    ],
  });
}

/** Where a backup is older than the map. */
const olderMap = [
  'where tables or columns were called otherwise in this backup, repeat it with a data map as it was then: --config names a configuration that has it',
];

/** Does to a restored database what was done to the live one. @returns how many rows it touched */
export async function eraseAgain(
  client: Client,
  options: ReplayOptions,
  again: Pick<
    Parameters<typeof closureOf>[1],
    'map' | 'seeds' | 'ids' | 'tenant' | 'onePerson' | 'isShared' | 'wholeTenant' | 'signal'
  >,
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
    olderMap,
  );
  requireUnblocked(await refusedChanges(client, closure, eraserOf(closure.task, pseudonym)), olderMap);
  const rows = await runRows(closure, openTransaction(client, again.signal), pseudonym);
  await dropWork(client, temporaryWork);
  return rows;
}
