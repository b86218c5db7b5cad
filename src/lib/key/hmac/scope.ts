import { refused, usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, keyedHashes, keyringsOf } from '../../platform/map/index.ts';
import { requireAllRows } from '../../platform/rights.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import { type KeyringTable, keyringTable } from '../keyring/keyring-table.ts';
import { versionsOfKeyring } from '../keyring/read-keys.ts';
import { type HashedColumn, hashedColumn } from './hashed-column.ts';

/** A keyring of HMAC keys with everything that is hashed under them. */
export interface HmacScope {
  readonly keyring: KeyringTable;
  readonly hashes: readonly HashedColumn[];
  /** The oldest first. */
  readonly versions: readonly KeyVersion[];
}

/**
 * The keyring of this name; without one, the only keyring of HMAC keys.
 * @throws {PosternError} exit 2: `keyring-missing`, `keyring-unnamed`, `keyring-without-hashes`, `keyring-with-subjects`,
 * `keyring-shared`, and as `hashedColumn`; exit 6: `row-security`
 */
export async function hmacScope(db: Client, map: DataMap, name: string | undefined): Promise<HmacScope> {
  const keyring = keyringOf(map, name);
  const catalog = await readCatalog(db);
  const table = keyringTable(keyring, catalog);
  const hashes = keyedHashes(map)
    .filter((hash) => hash.keyring?.table === keyring.table)
    .map((hash) => hashedColumn(hash, map, catalog));
  await requireAllRows(db, [table.table, ...hashes.map((hash) => hash.table)]);
  return { keyring: table, hashes, versions: await versionsOfKeyring(db, table) };
}

function keyringOf(map: DataMap, name: string | undefined) {
  const keyrings = keyringsOf(map);
  const hashing = new Set(keyedHashes(map).map(({ keyring }) => keyring?.table));
  const fit = keyrings.filter(({ table }) => hashing.has(table));
  const known = fit.map(({ table }) => table).join(', ');
  const hints =
    known === ''
      ? ['describe keyed hashes in the data map: docs/hmac.md']
      : [`keyed hashes are under ${known}`];
  if (name === undefined && fit.length > 1) {
    throw usageError('the map has several keyrings of HMAC keys: which one?', {
      code: 'keyring-unnamed',
      hints,
    });
  }
  const found = name === undefined ? fit[0] : keyrings.find(({ table }) => table === name);
  if (found === undefined) {
    const what = name === undefined ? 'the map has no keyed hashes' : `the map has no keyring ${name}`;
    throw usageError(what, { code: 'keyring-missing', hints });
  }
  if (!hashing.has(found.table)) {
    throw usageError(`the map has no keyed hash under ${found.table}`, {
      code: 'keyring-without-hashes',
      hints,
    });
  }
  if (found.subject !== undefined) {
    throw usageError(
      `${found.table} has a key for each subject, and a hash is to be found without knowing whose it is`,
      {
        code: 'keyring-with-subjects',
        hints: ['keep HMAC keys in a keyring without `subject`'],
      },
    );
  }
  if (encryptedColumns(map).some(({ keyring }) => keyring?.table === found.table)) {
    throw usageError(`values are encrypted under ${found.table} too, and a key serves one purpose`, {
      code: 'keyring-shared',
      hints: ['keep HMAC keys in a keyring of their own'],
    });
  }
  return found;
}

/** Where the versions of an HMAC key stand in their turn. */
export interface Turn {
  /** Undefined where there is none yet: the first one is to be made. */
  readonly active: KeyVersion | undefined;
  /** Whose column is being filled. */
  readonly next: KeyVersion | undefined;
  /** Whose column is to be emptied. */
  readonly old: readonly KeyVersion[];
}

/**
 * Where a rotation stands, by the states of the versions alone.
 * @throws {PosternError} exit 6: `hmac-not-active`, `hmac-several`
 */
export function turnOf({ keyring: { table }, versions }: HmacScope): Turn {
  const inState = (state: string) => versions.filter((version) => version.state === state);
  const [active, ...others] = inState('active');
  if (others.length > 0) {
    throw several(table, 'active', inState('active'), 'make all but one decrypt-only');
  }
  const nexts = inState('pre-active');
  if (nexts.length > 1) throw several(table, 'pre-active', nexts, 'mark those as destroyed that nobody uses');
  const [next] = nexts;
  if (active === undefined) {
    if (versions.length === inState('pre-active').length) return { active, next, old: [] };
    throw refused(`${table} has no active version`, {
      code: 'hmac-not-active',
      hints: ['make the version active that applications look up by'],
    });
  }
  if (next !== undefined && (next.version < active.version || next.version % 2 === active.version % 2)) {
    throw refused(`version ${next.version} of ${table} cannot follow version ${active.version}`, {
      code: 'hmac-several',
      hints: ['their hashes would stand in one column: mark it as destroyed, and rotate'],
    });
  }
  return { active, next, old: inState('decrypt-only') };
}

const several = (table: string, state: string, versions: readonly KeyVersion[], hint: string) =>
  refused(`versions ${versions.map(({ version }) => version).join(', ')} of ${table} are all ${state}`, {
    code: 'hmac-several',
    hints: [hint],
  });
