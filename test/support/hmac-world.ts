import { createHmac, randomUUID } from 'node:crypto';
import type { KeyContext } from '../../src/lib/key/context.ts';
import { type DataMap, readDataMap } from '../../src/lib/platform/map/index.ts';
import { type KeyWorld, keyWorld } from './key-world.ts';

/** A platform of `keyWorld`, with blind indexes over a column in clear and over an encrypted one. */
export interface HmacWorld extends KeyWorld {
  /** Addresses, by account. */
  readonly emails: ReadonlyMap<number, string>;
  hmacContext(own?: Partial<KeyContext>): Promise<KeyContext>;
  /** Writes an address as an application does that follows docs/hmac.md, with the versions that it knows. */
  writeEmail(id: number, email: string | null, known?: readonly Version[]): Promise<void>;
  /** The versions that an application writes: pre-active, active and decrypt-only ones. */
  liveVersions(): Promise<readonly Version[]>;
  /** Lets the application ask the key management service again. */
  forgetHashKeys(): void;
  versions(): Promise<readonly { readonly version: number; readonly state: string }[]>;
  /** Accounts and tokens whose hash of a live version is not the one that it must be. */
  wrong(): Promise<readonly string[]>;
  /** How many hashes stand in each column. */
  counts(): Promise<Readonly<Record<'email_odd' | 'email_even' | 'secret_odd' | 'secret_even', number>>>;
}

export interface Version {
  readonly version: number;
  readonly key: Uint8Array;
}

/** The text of `hmacMap`, for a command. */
export const hmacMapText = `version: 1
subjects: {person: {identities: {id: {}, email: {}}}}
tables:
  app.person:
    primary_key: [id]
    ownership: exclusive
    fields: {id: {type: uuid, category: user.unique_id, identity: person.id, erase: with-row}}
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields:
      email: {type: text, category: user.contact.email, identity: person.email, erase: set-null}
      email_odd: {type: bytea, hmac: {of: email, key: app.index_key.wrapped, versions: odd, normalise: [nfc, lower]}, erase: set-null}
      email_even: {type: bytea, hmac: {of: email, key: app.index_key.wrapped, versions: even, normalise: [nfc, lower]}, erase: set-null}
  app.token:
    primary_key: [person_id, name]
    ownership: exclusive
    references: [{as: person, column: person_id, to: app.person.id, kind: fk}]
    non_personal: [note]
    fields:
      secret:
        type: bytea
        category: user.authorization
        encrypted: {dek: app.key.wrapped, by: person, as: token.secret, key_id: key_id}
        erase: shred
      secret_odd: {type: varchar(32), hmac: {of: secret, key: app.index_key.wrapped, versions: odd, bits: 128}, erase: set-null}
      secret_even: {type: varchar(32), hmac: {of: secret, key: app.index_key.wrapped, versions: even, bits: 128}, erase: set-null}
keyrings:
  app.key: {id: id, subject: person_id, version: version, state: state, kek: kek, wrapped: wrapped, created: created_at, context: {person: "{person_id}", version: "{version}"}}
  app.index_key: {id: id, version: version, state: state, kek: kek, wrapped: wrapped, created: created_at, context: {purpose: index, version: "{version}"}}
`;

/** The map of the platform that `hmacWorld` makes. */
export async function hmacMap(edit = (text: string): string => text): Promise<DataMap> {
  return (await readDataMap(edit(hmacMapText), 'map.yaml')).map;
}

const schema = `
create table app.index_key (
  id uuid primary key, version int not null unique, state text not null, kek text not null, wrapped bytea not null,
  region text not null default 'eu', created_at timestamptz not null default now()
);
create unique index one_active_index_key on app.index_key ((true)) where state = 'active';
create table app.account (id int primary key, email text, email_odd bytea unique, email_even bytea unique, note text);
alter table app.token add secret_odd varchar(32), add secret_even varchar(32);
`;

const columnsOf = (version: number) => (version % 2 === 0 ? 'even' : 'odd');
const emailHash = (key: Uint8Array, email: string): Buffer =>
  createHmac('sha256', key).update(email.normalize('NFC').toLowerCase()).digest();
const secretHash = (key: Uint8Array, secret: string): string =>
  createHmac('sha256', key).update(secret).digest('hex').slice(0, 32);

export async function hmacWorld({
  rows = 30,
  persons = 3,
  tokensEach = 4,
}: {
  readonly rows?: number;
  readonly persons?: number;
  readonly tokensEach?: number;
} = {}): Promise<HmacWorld> {
  const world = await keyWorld({ persons, tokensEach });
  const { platform, kms, kek } = world;
  await platform.query(schema);
  const { wrapped } = await kms.generateDataKey(kek, { purpose: 'index', version: '1' });
  await platform.query(
    `insert into app.index_key (id, version, state, kek, wrapped) values ($1, 1, 'active', $2, $3)`,
    [randomUUID(), kek, Buffer.from(wrapped)],
  );
  const opened = new Map<number, Uint8Array>();
  const keyOf = async (version: number): Promise<Uint8Array> => {
    const known = opened.get(version);
    if (known !== undefined) return known;
    const { rows: found } = await platform.query(
      'select kek, wrapped from app.index_key where version = $1',
      [version],
    );
    const key = await kms.decrypt(found[0].kek, found[0].wrapped, {
      purpose: 'index',
      version: String(version),
    });
    opened.set(version, key);
    return key;
  };
  const liveVersions = async (): Promise<readonly Version[]> => {
    const { rows: found } = await platform.query(
      `select version from app.index_key where state in ('pre-active', 'active', 'decrypt-only') order by version`,
    );
    return Promise.all(found.map(async ({ version }) => ({ version, key: await keyOf(version) })));
  };
  const writeEmail: HmacWorld['writeEmail'] = async (id, email, known) => {
    const versions = known ?? (await liveVersions());
    const sets = versions.map(({ version }, at) => `email_${columnsOf(version)} = $${at + 3}`);
    await platform.query(`update app.account set ${['email = $2', ...sets].join(', ')} where id = $1`, [
      id,
      email,
      ...versions.map(({ key }) => (email === null ? null : emailHash(key, email))),
    ]);
  };
  const emails = new Map<number, string>();
  for (let id = 0; id < rows; id += 1) {
    const email = `Ade\u0301le.${id}@Example.ORG`;
    emails.set(id, email);
    await platform.query('insert into app.account (id) values ($1)', [id]);
    await writeEmail(id, email);
  }
  for (const [token, secret] of world.tokens) {
    const [person, name] = token.split('/');
    await platform.query('update app.token set secret_odd = $3 where person_id = $1 and name = $2', [
      person,
      name,
      secretHash(await keyOf(1), secret),
    ]);
  }
  const map = await hmacMap();
  return {
    ...world,
    emails,
    writeEmail,
    liveVersions,
    forgetHashKeys: () => opened.clear(),
    hmacContext: (own = {}) => world.context({ map: () => Promise.resolve(map), ...own }),
    versions: async () =>
      (await platform.query('select version, state from app.index_key order by version')).rows,
    wrong: async () => {
      const live = await liveVersions();
      const found: string[] = [];
      const accounts = await platform.query(
        'select id, email, email_odd as odd, email_even as even from app.account',
      );
      for (const row of accounts.rows) {
        for (const { version, key } of live) {
          const has: Buffer | null = row[columnsOf(version)];
          const must = row.email === null ? null : emailHash(key, row.email);
          if (has?.toString('hex') !== must?.toString('hex'))
            found.push(`account ${row.id} version ${version}`);
        }
      }
      const tokens = await platform.query(
        'select person_id, name, secret_odd as odd, secret_even as even from app.token where secret is not null',
      );
      const secrets = await world.readTokens();
      for (const row of tokens.rows) {
        for (const { version, key } of live) {
          const secret = secrets.get(`${row.person_id}/${row.name}`) ?? '';
          if (row[columnsOf(version)] !== secretHash(key, secret))
            found.push(`token ${row.name} version ${version}`);
        }
      }
      return found;
    },
    counts: async () => {
      const { rows: accounts } = await platform.query(
        'select count(email_odd)::int as email_odd, count(email_even)::int as email_even from app.account',
      );
      const { rows: tokens } = await platform.query(
        'select count(secret_odd)::int as secret_odd, count(secret_even)::int as secret_even from app.token',
      );
      return { ...accounts[0], ...tokens[0] };
    },
  };
}
