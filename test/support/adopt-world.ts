import { randomUUID } from 'node:crypto';
import { openColumnValue, readColumnValue, sealColumnValue } from '../../src/lib/crypto/column-value.ts';
import type { AdoptContext } from '../../src/lib/key/adopt/index.ts';
import { type DataMap, readDataMap } from '../../src/lib/platform/map/index.ts';
import { type KeyWorld, keyWorld } from './key-world.ts';

/** A platform of `keyWorld`, with a table whose values are in clear. */
export interface AdoptWorld extends KeyWorld {
  /** What stands in clear, by row. */
  readonly legacy: ReadonlyMap<number, string>;
  readonly persons: readonly string[];
  adoptContext(own?: Partial<AdoptContext>): Promise<AdoptContext>;
  /** Decrypts as an application does, by the key that each value names; rows without a value are left out. */
  readSealed(): Promise<ReadonlyMap<number, string>>;
  /** Encrypts as an application does, under the active key of the row's person. */
  sealAccount(id: number, plaintext: string): Promise<Buffer>;
}

/** The text of `adoptMap`, for a command. */
export const adoptMapText = (from: string) => `version: 1
subjects: {person: {identities: {id: {}}}}
tables:
  app.person:
    primary_key: [id]
    ownership: exclusive
    fields: {id: {type: uuid, category: user.unique_id, identity: person.id, erase: with-row}}
  app.account:
    primary_key: [id]
    ownership: exclusive
    references: [{as: person, column: person_id, to: app.person.id, kind: fk}]
    fields:
      legacy: {type: text, category: user.authorization, erase: set-null}
      legacy_pgp: {type: bytea, category: user.authorization, erase: set-null}
      sealed:
        type: bytea
        category: user.authorization
        encrypted: {dek: app.key.wrapped, by: person, as: account.token, key_id: sealed_key, ${from}}
        erase: shred
keyrings:
  app.key: {id: id, subject: person_id, version: version, state: state, kek: kek, wrapped: wrapped, created: created_at, context: {person: "{person_id}", version: "{version}"}}
`;

/** The map of the platform that `adoptWorld` makes. */
export async function adoptMap(
  from = 'from: legacy',
  edit = (text: string): string => text,
): Promise<DataMap> {
  return (await readDataMap(edit(adoptMapText(from)), 'map.yaml')).map;
}

export async function adoptWorld({ rows = 50 }: { readonly rows?: number } = {}): Promise<AdoptWorld> {
  const world = await keyWorld({ persons: 5, tokensEach: 0 });
  const { platform, kms } = world;
  await platform.query(
    `alter table app.key alter region set default 'eu';
     create table app.account (
       id int primary key, person_id uuid references app.person, legacy text, legacy_pgp bytea, sealed bytea,
       sealed_key uuid, touched int not null default 0
     )`,
  );
  const found = await platform.query('select id::text from app.person order by id');
  const persons = found.rows.map(({ id }) => String(id));
  const legacy = new Map<number, string>();
  for (let id = 0; id < rows; id += 1) {
    const value = `ya29.${id} é ${randomUUID()}`;
    legacy.set(id, value);
    await platform.query('insert into app.account (id, person_id, legacy) values ($1, $2, $3)', [
      id,
      persons[id % persons.length],
      value,
    ]);
  }
  const map = await adoptMap();
  const keyWhere = async (where: string, value: unknown) => {
    const { rows: keys } = await platform.query(
      `select k.id::text, k.person_id::text as person, k.version, k.kek, k.wrapped from app.key k where ${where}`,
      [value],
    );
    const [{ id, person, version, kek, wrapped }] = keys;
    return { id, person, dataKey: await kms.decrypt(kek, wrapped, { person, version: String(version) }) };
  };
  const placeOf = (id: number, subject: string) => ({
    table: 'account',
    column: 'token',
    primaryKey: [String(id)],
    subject,
  });
  return {
    ...world,
    legacy,
    persons,
    adoptContext: async (own = {}) => ({
      ...(await world.context()),
      map: () => Promise.resolve(map),
      pgcryptoPassphrase: () => Promise.resolve('correct horse'),
      ...own,
    }),
    readSealed: async () => {
      const { rows: sealed } = await platform.query(
        'select id, sealed, sealed_key::text as beside from app.account where sealed is not null',
      );
      const read = new Map<number, string>();
      for (const { id, sealed: bytes, beside } of sealed) {
        const value = readColumnValue(bytes);
        if (typeof value === 'string') throw new Error(`${id}: ${value}`);
        if (beside !== value.keyId) throw new Error(`${id} stands beside another key id`);
        const { person, dataKey } = await keyWhere('k.id = $1', value.keyId);
        read.set(id, openColumnValue(bytes, dataKey, placeOf(id, person)).toString());
      }
      return read;
    },
    sealAccount: async (id, plaintext) => {
      const key = await keyWhere(
        `k.state = 'active' and k.person_id = (select person_id from app.account where id = $1)`,
        id,
      );
      return sealColumnValue(Buffer.from(plaintext), key, placeOf(id, key.person));
    },
  };
}
