import { objectMissing } from '../../src/lib/cloud/object-error.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { altered, disturb, type StoreFault, storeError } from './store-fault.ts';

export type StoreOperation = Exclude<keyof ObjectStore, 'location'>;

/** The three operations that give an object's bytes. */
export const reads = ['get', 'getStream', 'open'] as const;
export const listings = ['list', 'listVersions'] as const;

/** One line of the script: which calls are disturbed, and how. */
export interface StoreRule {
  readonly operation: StoreOperation | readonly StoreOperation[];
  /** Of the key that is asked for; for a listing, of its prefix, or of the keys that it is to leave out. */
  readonly key?: RegExp;
  /** Which of the matching calls is the first to be disturbed, counted from 1; the first unless told. */
  readonly from?: number;
  /** How many calls are disturbed; all from then on unless told. */
  readonly times?: number;
  readonly fault: StoreFault;
}

/** A call as it came. */
export interface StoreCall {
  readonly operation: StoreOperation;
  /** The key or prefix; empty for `capabilities`. */
  readonly key: string;
  /** The kinds of fault that it met. */
  readonly faults: readonly StoreFault['kind'][];
}

/** A store that misbehaves as told. */
export interface FaultyStore extends ObjectStore {
  /** Every call so far, in the order in which they began. */
  readonly calls: readonly StoreCall[];
  /** The rules that have disturbed nothing. Expect none, so that no test passes for want of its fault. */
  unused(): readonly StoreRule[];
}

interface Armed {
  readonly rule: StoreRule;
  readonly operations: readonly StoreOperation[];
  matched: number;
  isUsed: boolean;
}

/**
 * Stands before a store and disturbs the calls that the rules name. A call that several rules name meets the faults of
 * all of them, in their order. A store so disturbed checks no hashes: it is the caller who must find what was altered.
 * @throws {Error} when a rule names an operation that its fault cannot befall
 */
export function faultyStore(store: ObjectStore, rules: readonly StoreRule[]): FaultyStore {
  const armed = rules.map(arm);
  const calls: StoreCall[] = [];

  /** Notes a call and finds the rules that disturb it. */
  function meet(operation: StoreOperation, key: string): readonly Armed[] {
    const met = armed.filter((one) => isDue(one, operation, key));
    calls.push({ operation, key, faults: met.map(({ rule }) => rule.fault.kind) });
    return met;
  }

  async function through<T>(
    operation: StoreOperation,
    key: string,
    work: () => Promise<T>,
    change: (result: T, faults: readonly StoreFault[]) => T = (result) => result,
  ): Promise<T> {
    const met = meet(operation, key);
    const faults = met.map(({ rule }) => rule.fault);
    for (const one of met) one.isUsed = true;
    const what = `${operation} at ${store.location}`;
    await disturb(faults, what, key);
    const result = await work();
    if (faults.some(({ kind }) => kind === 'lost-answer')) throw storeError('no answer', what);
    return change(result, faults);
  }

  async function* listed<T extends { readonly key: string }>(
    operation: (typeof listings)[number],
    prefix: string,
    items: AsyncIterable<T>,
  ): AsyncIterable<T> {
    const met = meet(operation, prefix);
    const [leaving, others] = [met.filter(leavesOut), met.filter((one) => !leavesOut(one))];
    const faults = others.map(({ rule }) => rule.fault);
    for (const one of others) one.isUsed = true;
    const what = `${operation} at ${store.location}`;
    await disturb(faults, what, prefix);
    for await (const item of items) {
      const hiding = leaving.filter(({ rule }) => matches(rule, item.key));
      for (const one of hiding) one.isUsed = true;
      if (hiding.length === 0) yield item;
    }
    if (faults.some(({ kind }) => kind === 'lost-answer')) throw storeError('no answer', what);
  }

  const notVanished = <T>(key: string, found: T, faults: readonly StoreFault[]): T => {
    if (faults.some(isVanishing)) throw objectMissing(store.location, key);
    return found;
  };

  return {
    ...store,
    calls,
    unused: () => armed.filter(({ isUsed }) => !isUsed).map(({ rule }) => rule),
    put: (key, body, options) => through('put', key, () => store.put(key, body, options)),
    get: (key, options) =>
      through(
        'get',
        key,
        () => store.get(key, options),
        (body, faults) => altered(notVanished(key, body, faults), faults),
      ),
    async *getStream(key, options) {
      yield* await through(
        'getStream',
        key,
        async () => store.getStream(key, options),
        (body, faults) => alteredStream(notVanished(key, body, faults), faults),
      );
    },
    open: (key, options) =>
      through(
        'open',
        key,
        () => store.open(key, options),
        (found, faults) => {
          const { object, body } = notVanished(key, found, faults);
          return { object, body: alteredStream(body, faults) };
        },
      ),
    head: (key, options) =>
      through(
        'head',
        key,
        () => store.head(key, options),
        (found, faults) => (faults.some(isVanishing) ? undefined : found),
      ),
    delete: (key, options) => through('delete', key, () => store.delete(key, options)),
    capabilities: () => through('capabilities', '', () => store.capabilities()),
    list: (prefix) => listed('list', prefix, store.list(prefix)),
    listVersions: (prefix) => listed('listVersions', prefix, store.listVersions(prefix)),
  };
}

function arm(rule: StoreRule): Armed {
  const operations = [rule.operation].flat();
  const possible = befalls[rule.fault.kind];
  const impossible = operations.find((operation) => possible !== 'all' && !possible.includes(operation));
  if (impossible !== undefined) throw new Error(`${rule.fault.kind} cannot befall ${impossible}`);
  return { rule, operations, matched: 0, isUsed: false };
}

const befalls: Readonly<Record<StoreFault['kind'], readonly StoreOperation[] | 'all'>> = {
  fail: 'all',
  'lost-answer': 'all',
  slow: 'all',
  kill: 'all',
  truncate: reads,
  flip: reads,
  vanish: [...reads, ...listings, 'head'],
  'stale-list': listings,
};

function isDue(one: Armed, operation: StoreOperation, key: string): boolean {
  const { rule, operations } = one;
  // What leaves keys out is matched with the keys that are listed, not with the prefix.
  const isMatch = operations.includes(operation) && (isListing(operation, one) || matches(rule, key));
  if (!isMatch) return false;
  one.matched += 1;
  const { from = 1, times = Number.POSITIVE_INFINITY } = rule;
  return one.matched >= from && one.matched < from + times;
}

function isListing(operation: StoreOperation, one: Armed): boolean {
  return listings.some((listing) => listing === operation) && leavesOut(one);
}

function leavesOut({ rule }: Armed): boolean {
  return isVanishing(rule.fault) || rule.fault.kind === 'stale-list';
}

function isVanishing({ kind }: StoreFault): boolean {
  return kind === 'vanish';
}

/** A pattern with the flag `g` or `y` would remember where it was. */
function matches({ key }: StoreRule, text: string): boolean {
  return key === undefined || text.search(key) >= 0;
}

/** Unaltered bytes come as they come; altered ones in one piece, because the end of them must be known. */
function alteredStream(
  body: AsyncIterable<Uint8Array>,
  faults: readonly StoreFault[],
): AsyncIterable<Uint8Array> {
  return faults.some(({ kind }) => kind === 'truncate' || kind === 'flip') ? inOnePiece(body, faults) : body;
}

async function* inOnePiece(
  body: AsyncIterable<Uint8Array>,
  faults: readonly StoreFault[],
): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  yield altered(Buffer.concat(chunks), faults);
}
