// A full verification against what stock tools can check, and against restic's.
// npm run bench -- verify [messages] [runs]
import { verifyPair } from './lib/against-pipeline.ts';
import { withBackupWorld } from './lib/backup-world.ts';
import { runPair } from './lib/pairs.ts';
import { requirePeers } from './lib/peers.ts';
import { pipelinesOf } from './lib/pipelines.ts';
import { resticOf } from './lib/restic.ts';
import { saveResult } from './lib/result.ts';

export async function bench([messages = '800000', runs = '5']: readonly string[]): Promise<void> {
  requirePeers('pg_dump', 'gpg', 'zstd', 'restic');
  await withBackupWorld(Number(messages), async (world) => {
    const restic = resticOf(world);
    await world.postern('backup', 'run');
    await pipelinesOf(world).dump('zstd');
    await restic.backup();
    const pairs = [
      await verifyPair(world, Number(runs)),
      await runPair({
        peer: 'restic check --read-data',
        work: `${world.work}, backup verify`,
        goal: 1,
        runs: Math.min(Number(runs), 3),
        ours: () => world.postern('backup', 'verify', '--level', 'full'),
        theirs: () => restic.check(),
      }),
    ];
    saveResult({ name: 'verify', postgres: world.database.server.version, pairs, scale: [], profile: [] });
  });
}
