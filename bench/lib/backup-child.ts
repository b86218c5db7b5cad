// One backup run in a process of its own, so that its time and memory are its own.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ChildSettings } from './backup-world.ts';

// The built code, as people run it.
const load = <T>(path: string): Promise<T> => import(`../../dist/lib/${path}`) as Promise<T>;

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ChildSettings;
const { runBackup } = await load<typeof import('../../src/lib/backup/run.ts')>('backup/run.js');
const { openPool } = await load<typeof import('../../src/lib/base/postgres.ts')>('base/postgres.js');
const { openLocalObjectStore } = await load<typeof import('../../src/lib/cloud/local/object-store.ts')>(
  'cloud/local/object-store.js',
);
const { readRecipient } = await load<typeof import('../../src/lib/crypto/openpgp-recipient.ts')>(
  'crypto/openpgp-recipient.js',
);
const { currentActor } = await load<typeof import('../../src/lib/audit/actor.ts')>('audit/actor.js');
const { silentProgress } = await load<typeof import('../../src/lib/base/progress.ts')>('base/progress.js');

const pool = await openPool({ url: settings.stateUrl, role: 'state database' });
await runBackup({
  actor: currentActor(),
  clock: { now: () => new Date() },
  progress: silentProgress,
  signal: new AbortController().signal,
  state: async () => pool,
  profile: 'bench',
  sources: [{ name: 'platform', url: settings.platformUrl, wrappedKeys: [] }],
  recipients: await Promise.all(settings.recipients.map((key) => readRecipient(key, new Date()))),
  signer: settings.signer,
  destinations: [
    {
      name: 'offsite',
      store: await openLocalObjectStore({ path: settings.storePath }),
      prefix: 'backup/bench/',
      required: true,
      lock: undefined,
      keyringLock: undefined,
    },
  ],
  options: {
    partSize: Number(process.env['BENCH_PART_MIB'] ?? 16) * 2 ** 20,
    level: process.env['BENCH_LEVEL'] === undefined ? 'default' : Number(process.env['BENCH_LEVEL']),
    workers: Number(process.env['BENCH_WORKERS'] ?? availableParallelism()),
    verifyBeforeUpload: process.env['BENCH_VERIFY'] !== '0',
  },
  tool: 'postern bench',
});
await pool.end();
