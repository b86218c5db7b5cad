import { audited } from '../../audit/audited.ts';
import type { Client } from '../../base/postgres.ts';
import { readColumnValue } from '../../crypto/column-value.ts';
import { type Catalog, readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, type Keyring, keyedHashes } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { type WalkableTable, walkableTable, walkTable } from '../../platform/walk/index.ts';
import { relationOf, type WalkedColumn, walkedColumn } from '../column/walked-column.ts';
import type { KeyContext } from '../context.ts';
import { type KeyringTable, keyringTable } from '../keyring/keyring-table.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import { activeKeys, keysById } from '../keyring/read-keys.ts';
import { withReader } from '../sessions.ts';
import { quarantinedColumns, resolveLeftColumns } from '../walk/left-columns.ts';
import { type QuarantineOf, quarantinedKeys, resolveQuarantine } from '../walk/quarantine.ts';
import { rowsByKey } from '../walk/rows-by-key.ts';
import type { ResolvedValues } from './results.ts';
import { rereadValues, type ValueRow } from './value-row.ts';

type Why = ResolvedValues['why'];
type Key = readonly string[];

/**
 * Takes out of quarantine what no longer needs to be there, by a look at each value: nothing is decrypted, and nothing
 * of the platform is changed.
 * @throws {PosternError} exit 11 `job-locked` while a plan works on the keyring; exit 2 as `walkedColumn`
 */
export async function resolveQuarantined(context: KeyContext): Promise<readonly ResolvedValues[]> {
  return audited(context, { action: 'key.quarantine' }, (run) =>
    withReader(context, async (db) => {
      const state = await context.state();
      const map = await context.map();
      const catalog = await readCatalog(db);
      const resolved: ResolvedValues[] = [
        ...(await resolveLeftColumns(state, context.profile, { map, catalog })),
      ];
      for (const place of await quarantinedColumns(state, context.profile)) {
        const { keyring, look } = lookAt(map, catalog, place);
        const work = () => resolveColumn(context, db, place, look);
        resolved.push(...(await (keyring === undefined ? work() : withKeyringLock(context, keyring, work))));
      }
      run.note({ resolved: resolved.reduce((sum, { values }) => sum + values, 0) });
      return resolved;
    }),
  );
}

/** Which of these rows need nothing any more, and why. */
type Look = (
  db: Client,
  keys: readonly Key[],
) => Promise<readonly { readonly key: Key; readonly why: Why }[]>;

const pageSize = 500;

async function resolveColumn(
  context: KeyContext,
  db: Client,
  { table, column }: Pick<QuarantineOf, 'table' | 'column'>,
  look: Look,
): Promise<readonly ResolvedValues[]> {
  const state = await context.state();
  const of = { profile: context.profile, table, column };
  const counts = new Map<Why, number>();
  for (let after: Key | undefined; ; ) {
    context.signal.throwIfAborted();
    const keys = await quarantinedKeys(state, of, { after, limit: pageSize });
    after = keys.at(-1);
    if (after === undefined) {
      const byWhy = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1));
      return byWhy.map(([why, values]) => ({ table, column, why, values }));
    }
    const done = await look(db, keys);
    await resolveQuarantine(
      state,
      of,
      done.map(({ key }) => key),
    );
    for (const { why } of done) counts.set(why, (counts.get(why) ?? 0) + 1);
  }
}

function lookAt(
  map: DataMap,
  catalog: Catalog,
  { table, column }: Pick<QuarantineOf, 'table' | 'column'>,
): { readonly keyring: string | undefined; readonly look: Look } {
  const own = encryptedColumns(map).filter((other) => other.table === table);
  const encrypted = own.find((other) => other.column === column);
  if (encrypted !== undefined) {
    const walked = walkedColumn(encrypted, catalog);
    const keyring = keyringTable(walked.keyring, catalog);
    return { keyring: keyring.table, look: (db, keys) => lookAtValues(db, { walked, keyring }, keys) };
  }
  const walkable = walkableTable(relationOf(catalog, table));
  const adopting = own.find(({ source }) => source?.column === column);
  const hash = keyedHashes(map).find(
    (other) => other.table === table && [...other.odd, ...other.even].includes(column),
  );
  // A row without a value in clear has nothing to adopt; one with neither value nor hash, nothing to hash.
  const columns = hash === undefined ? [column] : [column, hash.source];
  const keyring: Keyring | undefined = adopting?.keyring ?? hash?.keyring;
  return { keyring: keyring?.table, look: (db, keys) => lookAtRows(db, walkable, columns, keys) };
}

async function lookAtRows(
  db: Client,
  walkable: WalkableTable,
  columns: readonly string[],
  keys: readonly Key[],
): ReturnType<Look> {
  const isHeld = columns.map((name) => `walked.${quoteIdentifier(name)} is not null`).join(' or ');
  const found = await rowsByKey(walkable, keys, async function* ({ batchSize, where }) {
    const text = `${where.text} and (${isHeld})`;
    const walk = walkTable(db, walkable, { columns: [], batchSize, where: { ...where, text } });
    for await (const { keys: read, lastKey } of walk) yield { rows: read.map((key) => ({ key })), lastKey };
  });
  return withoutRow(keys, found);
}

async function lookAtValues(
  db: Client,
  { walked, keyring }: { readonly walked: WalkedColumn; readonly keyring: KeyringTable },
  keys: readonly Key[],
): ReturnType<Look> {
  const rows = await rereadValues(db, walked, keys);
  const why = await whyDone(db, keyring, rows);
  return [
    ...withoutRow(keys, rows),
    ...rows.flatMap(({ key }, index) => {
      const found = why[index];
      return found === undefined ? [] : [{ key, why: found }];
    }),
  ];
}

/** By the key that a value names, as a walk would judge it. */
async function whyDone(
  db: Client,
  keyring: KeyringTable,
  rows: readonly ValueRow[],
): Promise<readonly (Why | undefined)[]> {
  const named = rows.map(({ value, subject }) => {
    const parsed = readColumnValue(value);
    return typeof parsed === 'string' || subject === null ? undefined : { keyId: parsed.keyId, subject };
  });
  const wanted = named.filter((name) => name !== undefined);
  const subjects = [...new Set(wanted.map(({ subject }) => subject))];
  const active = new Map((await activeKeys(db, keyring, subjects)).map((key) => [key.subject, key.id]));
  const ids = [...new Set(wanted.map(({ keyId }) => keyId))];
  const byId = new Map((await keysById(db, keyring, ids)).map((key) => [key.id, key]));
  return named.map((name) => {
    if (name === undefined) return undefined;
    const key = byId.get(name.keyId);
    if (key?.subject !== name.subject) return undefined;
    if (active.get(name.subject) === name.keyId) return 'value-active';
    return key.state === 'destroyed' ? 'value-shredded' : undefined;
  });
}

function withoutRow(keys: readonly Key[], found: readonly { readonly key: Key }[]) {
  const there = new Set(found.map(({ key }) => key.join('\0')));
  return keys
    .filter((key) => !there.has(key.join('\0')))
    .map((key) => ({ key, why: 'row-gone' }) satisfies { key: Key; why: Why });
}
