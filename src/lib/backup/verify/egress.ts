import { formatByteSize } from '../../base/byte-size.ts';
import { incomplete, PosternError } from '../../base/error.ts';
import type { GetOptions, ObjectStore, OpenedObject, StoredObject } from '../../cloud/object-store.ts';

/** How much may still be read from the stores; one for a whole run, which stops short of the limit. */
export interface EgressBudget {
  /** Bytes read so far. */
  used(): number;
  fits(bytes: number): boolean;
  add(bytes: number): void;
  readonly limit: number | undefined;
}

/** @param limit bytes; undefined: no limit */
export function egressBudget(limit?: number): EgressBudget {
  let used = 0;
  return {
    limit,
    used: () => used,
    fits: (bytes) => limit === undefined || used + bytes <= limit,
    add: (bytes) => {
      used += bytes;
    },
  };
}

/**
 * A store whose reads count, and end before they begin when they do not fit: a body throws exit 4, `egress-cap`. The
 * whole object is set aside first, so that two reads at once cannot share what is left.
 */
export function meteredStore(store: ObjectStore, budget: EgressBudget): ObjectStore {
  const open = async (key: string, options?: GetOptions): Promise<OpenedObject> => {
    const { object, body } = await store.open(key, options);
    return { object, body: metered(body, object, budget) };
  };
  return {
    ...store,
    open,
    get: async (key, options) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await open(key, options)).body) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    async *getStream(key, options) {
      yield* (await open(key, options)).body;
    },
  };
}

async function* metered(
  body: AsyncIterable<Uint8Array>,
  { key, size }: StoredObject,
  budget: EgressBudget,
): AsyncIterable<Uint8Array> {
  if (!budget.fits(size)) {
    for await (const _ of body) break;
    throw egressCap(`${key} has ${formatByteSize(size)}`, budget);
  }
  budget.add(size);
  let read = 0;
  try {
    for await (const chunk of body) {
      read += chunk.byteLength;
      yield chunk;
    }
  } finally {
    // What was set aside and never came is given back.
    budget.add(read - size);
  }
}

/** Whether a read did not begin, because it would not fit. */
export function isEgressCap(error: unknown): boolean {
  return error instanceof PosternError && error.code === 'egress-cap';
}

/** @returns exit 4, `egress-cap` */
function egressCap(what: string, { limit = 0 }: EgressBudget): Error {
  return incomplete(`${what}, which would exceed the egress cap of ${formatByteSize(limit)}`, {
    code: 'egress-cap',
    hints: ['run it again with a higher --max-egress'],
  });
}
