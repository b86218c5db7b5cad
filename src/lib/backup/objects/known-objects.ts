import type { Queryable } from '../../base/postgres.ts';
import type { LookedUpItem } from './fetch-ahead.ts';
import { objectIdentity } from './identity.ts';
import type { InventoryItem } from './inventory.ts';

/** Where an object was stored already. */
export interface KnownObject {
  readonly set: string;
  readonly offset: number;
  readonly head: number;
  readonly size: number;
  readonly sha256: string;
}

/** Items that are looked up, and objects that are remembered, with one statement. */
const batchSize = 500;

/**
 * Asks which objects earlier sets hold. The host cannot read its own sets, so this is in the state database; only
 * objects of the sets that are named count.
 */
export async function* lookUp(
  db: Queryable,
  items: AsyncGenerator<InventoryItem>,
  sets: readonly string[],
): AsyncGenerator<LookedUpItem> {
  let batch: InventoryItem[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < batchSize) continue;
    yield* await known(db, batch, sets);
    batch = [];
  }
  yield* await known(db, batch, sets);
}

async function known(
  db: Queryable,
  items: readonly InventoryItem[],
  sets: readonly string[],
): Promise<readonly LookedUpItem[]> {
  const digests = items.map((item) => (item.kind === 'object' ? objectIdentity(item) : undefined));
  const found = sets.length === 0 ? new Map<string, KnownObject>() : await select(db, digests, sets);
  return items.map((item, index) => {
    if (item.kind === 'missing') return item;
    const stored = found.get(digests[index]?.toString('hex') ?? '');
    return stored === undefined ? { kind: 'new', item } : { kind: 'known', item, known: stored };
  });
}

async function select(
  db: Queryable,
  digests: readonly (Buffer | undefined)[],
  sets: readonly string[],
): Promise<ReadonlyMap<string, KnownObject>> {
  const { rows } = await db.query<{
    digest: Buffer;
    set: string;
    offset: string;
    head: number;
    size: string;
    sha256: Buffer;
  }>(
    `select digest, set_id as "set", data_offset as "offset", head_size as head, size, sha256
     from postern.backup_object where digest = any($1) and set_id = any($2)`,
    [digests.filter((digest) => digest !== undefined), sets],
  );
  return new Map(
    rows.map(({ digest, set, offset, head, size, sha256 }) => [
      digest.toString('hex'),
      { set, offset: Number(offset), head, size: Number(size), sha256: sha256.toString('hex') },
    ]),
  );
}

/** Remembers what a set holds, for the sets after it. */
export interface ObjectMemory {
  add(identity: Buffer, stored: Omit<KnownObject, 'set'>): Promise<void>;
  finish(): Promise<void>;
}

export function objectMemory(db: Queryable, setId: string): ObjectMemory {
  let batch: (Omit<KnownObject, 'set'> & { readonly identity: Buffer })[] = [];
  const flush = async (): Promise<void> => {
    const rows = batch;
    batch = [];
    if (rows.length === 0) return;
    await db.query(
      `insert into postern.backup_object (set_id, digest, data_offset, head_size, size, sha256)
       select $1, * from unnest($2::bytea[], $3::bigint[], $4::integer[], $5::bigint[], $6::bytea[])`,
      [
        setId,
        rows.map(({ identity }) => identity),
        rows.map(({ offset }) => offset),
        rows.map(({ head }) => head),
        rows.map(({ size }) => size),
        rows.map(({ sha256 }) => Buffer.from(sha256, 'hex')),
      ],
    );
  };
  return {
    add: async (identity, stored) => {
      batch.push({ identity, ...stored });
      if (batch.length >= batchSize) await flush();
    },
    finish: flush,
  };
}
