import { inParallel } from '../../base/in-parallel.ts';
import type { Client } from '../../base/postgres.ts';
import type { Kms } from '../../cloud/kms.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { changeKeyring, keyringNotKept } from '../keyring/kept.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { contextAfter } from './context-after.ts';
import { rewrapKey } from './rewrap-key.ts';

export interface RewrapTask {
  readonly db: Client;
  readonly kms: Pick<Kms, 'reEncrypt' | 'decrypt'>;
  readonly keyring: KeyringTable;
  /** ARN. */
  readonly to: string;
  /** The material that is to wrap nothing any more. */
  readonly former: string | undefined;
}

export interface RewrapOutcome {
  readonly rewrapped: number;
  /** Changed or gone between reading and writing: seen again by the census. */
  readonly moved: number;
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** Requests to the service at once. */
const atOnce = 8;

/**
 * Wraps the keys of a page anew; a row is written only where it still holds what was read, and the page only where all
 * its rows keep what is written.
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function rewrapPage(task: RewrapTask, keys: readonly KeyVersion[]): Promise<RewrapOutcome> {
  const { db, kms, keyring, to, former } = task;
  const refused: { id: string; reason: string }[] = [];
  const written: RewrappedKey[] = [];
  const contexts = await contextAfter(db, keyring, keys, to);
  await inParallel(keys, atOnce, async (old) => {
    const outcome = await rewrapKey(kms, old, {
      keyId: to,
      context: contexts.get(old.id) ?? old.context,
      former,
    });
    if (outcome.kind === 'refused') refused.push({ id: old.id, reason: outcome.reason });
    else written.push({ old, wrapped: outcome.wrapped, material: outcome.material });
  });
  const rewrapped = await changeKeyring(
    db,
    () => writeKeys(task, written),
    (changed) => requireKept(task, written, changed),
  );
  return { rewrapped: rewrapped.length, moved: written.length - rewrapped.length, refused };
}

interface RewrappedKey {
  readonly old: KeyVersion;
  readonly wrapped: Buffer;
  readonly material: string | undefined;
}

/** @returns the ids of the rows that were changed */
async function writeKeys(
  { db, keyring, to }: RewrapTask,
  written: readonly RewrappedKey[],
): Promise<readonly string[]> {
  const [id, wrapped, kek] = [keyring.id, keyring.wrapped, keyring.kek].map(quoteIdentifier);
  const material =
    keyring.material === undefined ? '' : `, ${quoteIdentifier(keyring.material)} = n.material`;
  const { rows } = await db.query<{ id: string }>(
    `update ${tableName(keyring.table)} k set ${wrapped} = n.new, ${kek} = $1${material}
     from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::text[]) n(id, old, new, material)
     where k.${id} = n.id and k.${wrapped} = n.old
     returning n.id::text as id`,
    [to, ...parametersOf(written)],
  );
  return rows.map((row) => row.id);
}

/** What was changed is as it was sent, and nothing else holds what was read: that a trigger would have passed over. */
async function requireKept(
  { db, keyring, to }: RewrapTask,
  written: readonly RewrappedKey[],
  changed: readonly string[],
): Promise<void> {
  const [id, wrapped, kek] = [keyring.id, keyring.wrapped, keyring.kek].map(quoteIdentifier);
  const isOther =
    keyring.material === undefined
      ? ''
      : ` or k.${quoteIdentifier(keyring.material)}::text is distinct from n.material`;
  const { rows } = await db.query<{ id: string }>(
    `select k.${id}::text as id from ${tableName(keyring.table)} k
     join unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::text[]) n(id, old, new, material) on k.${id} = n.id
     where k.${wrapped} = n.old or (k.${id} = any($6::uuid[])
       and (k.${wrapped} is distinct from n.new or k.${kek}::text is distinct from $1::text${isOther}))
     order by 1`,
    [to, ...parametersOf(written), changed],
  );
  if (rows.length === 0) return;
  const ids = rows.map((row) => row.id);
  throw keyringNotKept(keyring, ids, 'wrapped key, its KMS key and material');
}

const parametersOf = (written: readonly RewrappedKey[]) => [
  written.map(({ old }) => old.id),
  written.map(({ old }) => old.wrapped),
  written.map((row) => row.wrapped),
  written.map((row) => row.material ?? null),
];
