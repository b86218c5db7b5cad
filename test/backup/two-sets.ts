import type { SetStore } from '../../src/lib/backup/context.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { type VerifyOptions, verifySet } from '../../src/lib/backup/verify/index.ts';
import type { BackupVerifyResult } from '../../src/lib/backup/verify/results.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';

/** A world with two small sets, the newer chained to the older, each with several parts, and a large object. */
export interface TwoSets extends BackupWorld {
  readonly older: string;
  readonly newer: string;
  /** The files of the newer set, in the order of their names. */
  readonly files: readonly string[];
  /** The key of a file of the newer set. */
  key(file: string): string;
  read(file: string): Promise<Uint8Array>;
  verify(changes?: Partial<VerifyOptions> & { readonly sets?: SetStore }): Promise<BackupVerifyResult>;
}

export async function twoSets(): Promise<TwoSets> {
  const platform = await testDatabase();
  await withConnection({ url: platform.url, role: 'test' }, (client) =>
    client.query(`
      create table person (id int primary key, name text);
      insert into person select n, md5(n::text) from generate_series(1, 150000) n;
      create table note (id int primary key, person int references person, text text);
      insert into note select n, n, 'note ' || n from generate_series(1, 100) n;
      select lo_from_bytea(0, 'a large object'::bytea);`),
  );
  const world = await backupWorld({ platformUrl: platform.url });
  const context = world.context({ options: { partSize: 2 ** 18, verifyBeforeUpload: false, workers: 1 } });
  const { setId: older } = await runBackup(context);
  const { setId: newer } = await runBackup(context);
  const prefix = `${world.sets.prefix}${newer}/`;
  const files: string[] = [];
  for await (const { key } of world.sets.store.list(prefix)) files.push(key.slice(prefix.length));
  return {
    ...world,
    older,
    newer,
    files,
    key: (file) => prefix + file,
    read: (file) => world.sets.store.get(prefix + file),
    verify: ({ sets = world.sets, ...changes } = {}) =>
      verifySet(sets, newer, {
        level: 'full',
        keys: undefined,
        workers: 1,
        signal: new AbortController().signal,
        progress: silentProgress,
        ...changes,
      }),
    close: async () => {
      await world.close();
      await platform.drop();
    },
  };
}
