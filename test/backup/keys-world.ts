import type { SetStore } from '../../src/lib/backup/context.ts';
import type { RewrapContext } from '../../src/lib/backup/keys/rewrap.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { type BackupChanges, type BackupWorld, backupWorld, destinationOf } from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';

/** A world with a small platform, whose persons have wrapped keys, and somebody who comes later. */
export interface KeysWorld extends BackupWorld {
  readonly platformUrl: string;
  readonly successor: KeyPair;
  /** Makes a set. @returns its id */
  backup(changes?: BackupChanges): Promise<string>;
  rewrapContext(changes?: Partial<RewrapContext>): Promise<RewrapContext>;
}

export async function keysWorld(): Promise<KeysWorld> {
  const platform = await testDatabase();
  await withConnection({ url: platform.url, role: 'test' }, (client) =>
    client.query(`
      create table person (id int primary key, name text, dek bytea);
      insert into person select n, md5(n::text), decode(md5(n::text), 'hex') from generate_series(1, 500) n;
      select lo_from_bytea(0, 'a large object'::bytea);`),
  );
  const world = await backupWorld({ platformUrl: platform.url });
  const successor = await keyPair('successor');
  const sources = [
    { name: 'platform', url: platform.url, wrappedKeys: [{ table: 'public.person', column: 'dek' }] },
  ];
  return {
    ...world,
    platformUrl: platform.url,
    successor,
    backup: async (changes) => {
      const context = world.context({ sources, ...changes });
      return (await runBackup({ ...context, options: { ...context.options, workers: 1 } })).setId;
    },
    rewrapContext: async (changes = {}) => {
      const context = world.context();
      return {
        actor: context.actor,
        clock: context.clock,
        state: () => context.state(),
        signer: context.signer,
        progress: context.progress,
        signal: context.signal,
        sets: world.sets,
        keys: world.secretKeys,
        destinations: [destinationOf(world.sets)],
        recipients: [await readRecipient(successor.publicKey, new Date())],
        ...changes,
      };
    },
    close: async () => {
      await world.close();
      await platform.drop();
    },
  };
}

export function keyPair(
  name: string,
  changes: { readonly now?: Date; readonly expiresInDays?: number } = {},
): Promise<KeyPair> {
  return generateKeyPair({ name, email: `${name}@example.org`, purpose: 'encrypt', ...changes });
}

/** Everything below a folder of the sets. */
export async function keysBelow({ store, prefix }: SetStore, folder: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix + folder)) keys.push(key.slice(prefix.length));
  return keys;
}
