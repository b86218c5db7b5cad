// Backs up in a process of its own that kills itself at one moment. argv: a file with the world's data and one with the
// moment. What the run warns of goes to stdout, a line each.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runBackup } from '../../../src/lib/backup/run.ts';
import type { Pool } from '../../../src/lib/base/postgres.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../../src/lib/cloud/local/object-store.ts';
import { type BackupWorldData, destinationOf, openBackupWorld } from '../../support/backup-world.ts';
import { faultyStore } from '../../support/faulty-store.ts';
import { type KillMoment, killWorldSources, quickOptions } from './kill-moments.ts';

const [worldFile = '', momentFile = ''] = process.argv.slice(2);
const data = JSON.parse(await readFile(worldFile, 'utf8')) as BackupWorldData;
const moment = JSON.parse(await readFile(momentFile, 'utf8')) as KillMoment;
const world = await openBackupWorld(data);
const firstHasManifest = Promise.withResolvers<void>();

const die = (): void => void process.kill(process.pid, 'SIGKILL');
const dieAt = ({ call, key, nth = 1, isAfterFirst = false }: Extract<KillMoment, { call: unknown }>) =>
  ({
    operation: call,
    key: new RegExp(key),
    from: nth,
    fault: { kind: 'kill', run: () => (isAfterFirst ? firstHasManifest.promise.then(die) : die()) },
  }) as const;

/** Dies before the nth statement that the pattern fits. */
function deadlyPool(pool: Pool, statement: RegExp, nth: number): Pool {
  let seen = 0;
  return new Proxy(pool, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name);
      if (name !== 'connect') return typeof own === 'function' ? own.bind(target) : own;
      return async () => {
        const client = await target.connect();
        const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
        Object.assign(client, {
          query: (...args: readonly unknown[]) => {
            if (typeof args[0] === 'string' && statement.test(args[0])) seen += 1;
            if (seen === nth) die();
            return query(...args);
          },
        });
        return client;
      };
    },
  });
}

const isStore = 'call' in moment;
const offsite = faultyStore(world.sets.store, isStore && moment.at === 'offsite' ? [dieAt(moment)] : []);
const second = faultyStore(
  await openLocalObjectStore({ path: join(world.folder, 'second') }),
  isStore && moment.at === 'second' ? [dieAt(moment)] : [],
);
/** Tells when the first destination has the manifest for certain. */
const telling = {
  ...offsite,
  put: async (...args: Parameters<typeof offsite.put>) => {
    const stored = await offsite.put(...args);
    if (args[0].endsWith('/manifest.json.pgp')) firstHasManifest.resolve();
    return stored;
  },
};
const context = world.context({
  sources: killWorldSources(data.platformUrl),
  destinations: [
    destinationOf({ ...world.sets, store: telling }),
    destinationOf(world.sets, { name: 'second', store: second }),
  ],
  progress: { ...silentProgress, warn: (line) => process.stdout.write(`${line}\n`) },
  options: { ...quickOptions, pgDump: join(world.folder, 'pg_dump') },
});
await runBackup({
  ...context,
  state: async () => {
    const pool = await context.state();
    return isStore ? pool : deadlyPool(pool, new RegExp(moment.statement), moment.nth ?? 1);
  },
});
await world.close();
