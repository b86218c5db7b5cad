// Backs up many mail objects in a process of its own, so that its memory can be measured, or it can be killed. argv: a
// file with the world's data, and how many objects there are. The bodies come out of nothing: 0.5 to 8 KB, seeded by
// their keys, in a store that holds none of them. Says at the end how it went, as JSON.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runBackup } from '../../src/lib/backup/run.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { type BackupWorldData, destinationOf, openBackupWorld, platformSource } from './backup-world.ts';
import { generatedStore } from './generated-store.ts';

const [file = '', count = '0'] = process.argv.slice(2);
const data = JSON.parse(await readFile(file, 'utf8')) as BackupWorldData;
const world = await openBackupWorld(data);
const total = Number(count);
const store = await openLocalObjectStore({ path: resolve(join(data.folder, 'offsite')), durability: 'fast' });
const samples: { readonly objects: number; readonly rss: number }[] = [];
let objects = 0;
const sample = (): void => {
  samples.push({ objects, rss: process.memoryUsage.rss() });
};
const progress = {
  ...silentProgress,
  step: (title: string) => ({
    advance: (amount: number) => {
      if (!title.includes('mail objects')) return;
      objects += amount;
      if (objects % 500 === 0) sample();
    },
    done: () => {},
    fail: () => {},
  }),
};
process.stdout.write('ready\n');
const started = performance.now();
const result = await runBackup(
  world.context({
    progress,
    destinations: [destinationOf({ ...world.sets, store })],
    sources: [
      {
        ...platformSource(data.platformUrl),
        objectKeys: [{ table: 'public.message', bucket: 'mail', key: [{ text: 'raw/' }, { column: 'id' }] }],
      },
    ],
    objects: { fullEvery: 1e10, buckets: [{ name: 'mail', store: generatedStore(total), prefix: '' }] },
    options: { partSize: 8 * 2 ** 20, level: 'default' },
  }),
);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ seconds, samples, objects: result.objects })}\n`);
await world.close();
