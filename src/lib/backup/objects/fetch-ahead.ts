import { PosternError } from '../../base/error.ts';
import type { OpenedObject, StoredObject } from '../../cloud/object-store.ts';
import type { InventoryObject, MissingObject } from './inventory.ts';
import type { KnownObject } from './known-objects.ts';

/** An object of this size or less is read whole before its turn comes, in bytes. */
const smallObject = 2 ** 20;
/** Limits of what is read before its turn: requests, bytes, and items that need no request. */
const limits = { requests: 16, bytes: 16 * 2 ** 20, items: 512 } as const;

/** What there is to be done about an item, with what it takes at hand. */
export type ReadyItem =
  | MissingObject
  | { readonly kind: 'known'; readonly item: InventoryObject; readonly known: KnownObject }
  | {
      readonly kind: 'whole';
      readonly item: InventoryObject;
      readonly object: StoredObject;
      readonly body: Uint8Array;
    }
  | { readonly kind: 'stream'; readonly item: InventoryObject; readonly opened: OpenedObject }
  /** It was deleted for good since it was listed, and no row names it. */
  | { readonly kind: 'gone'; readonly item: InventoryObject };

export type LookedUpItem =
  | MissingObject
  | { readonly kind: 'known'; readonly item: InventoryObject; readonly known: KnownObject }
  | { readonly kind: 'new'; readonly item: InventoryObject };

interface Waiting {
  readonly entry: LookedUpItem;
  readonly bytes: number;
  readonly body: Promise<ReadyItem> | undefined;
}

/** Reads small objects ahead, several at a time, and hands everything on in order. Large ones are opened in their turn. */
export async function* fetchAhead(
  entries: AsyncGenerator<LookedUpItem>,
  signal: AbortSignal,
): AsyncGenerator<ReadyItem> {
  const waiting: Waiting[] = [];
  let requests = 0;
  let bytes = 0;
  let isOver = false;
  try {
    for (;;) {
      while (!isOver && waiting.length < limits.items && requests < limits.requests && bytes < limits.bytes) {
        const next = await entries.next();
        isOver = next.done === true;
        if (next.done === true) break;
        const begun = begin(next.value);
        waiting.push(begun);
        bytes += begun.bytes;
        if (begun.body !== undefined) requests += 1;
      }
      const first = waiting.shift();
      if (first === undefined) return;
      signal.throwIfAborted();
      const ready = await (first.body ?? open(first.entry));
      bytes -= first.bytes;
      if (first.body !== undefined) requests -= 1;
      yield ready;
    }
  } finally {
    await Promise.allSettled(waiting.map(async ({ body }) => giveUp(await body)));
    await entries.return(undefined);
  }
}

function begin(entry: LookedUpItem): Waiting {
  const isSmall = entry.kind === 'new' && entry.item.size <= smallObject;
  if (!isSmall) return { entry, bytes: 0, body: undefined };
  const body = readWhole(entry.item);
  // It is awaited in its turn; until then, its failure must not end the process.
  body.catch(() => {});
  return { entry, bytes: entry.item.size, body };
}

async function readWhole(item: InventoryObject): Promise<ReadyItem> {
  return orMissing(item, async () => {
    const opened = await openItem(item);
    // Since it was listed, it may have been replaced by a larger one.
    if (opened.object.size > smallObject) return { kind: 'stream', item, opened };
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.body) chunks.push(chunk);
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    return { kind: 'whole', item, object: opened.object, body };
  });
}

async function open(entry: LookedUpItem): Promise<ReadyItem> {
  if (entry.kind !== 'new') return entry;
  const { item } = entry;
  return orMissing(item, async () => ({ kind: 'stream', item, opened: await openItem(item) }));
}

/** A request that nobody reads would stay open. */
async function giveUp(ready: ReadyItem | undefined): Promise<void> {
  if (ready?.kind === 'stream') await ready.opened.body[Symbol.asyncIterator]().return?.();
}

function openItem({ bucket: { store, prefix }, key, versionId }: InventoryObject): Promise<OpenedObject> {
  return store.open(prefix + key, versionId === undefined ? {} : { versionId });
}

/** An object that is gone or damaged in its own store does not keep all others from being saved. */
async function orMissing(item: InventoryObject, work: () => Promise<ReadyItem>): Promise<ReadyItem> {
  try {
    return await work();
  } catch (error) {
    const reason = missingReason(error);
    if (reason === undefined) throw error;
    if (reason === 'absent' && !item.referenced) return { kind: 'gone', item };
    const { bucket, key, referenced } = item;
    return { kind: 'missing', bucket, key, referenced, reason };
  }
}

/** Undefined for what is no answer about the object itself. */
export function missingReason(error: unknown): 'absent' | 'damaged' | undefined {
  if (!(error instanceof PosternError)) return undefined;
  if (error.code === 'object-missing') return 'absent';
  return error.code === 'object-corrupt' ? 'damaged' : undefined;
}
