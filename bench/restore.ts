// A restore, comparison included, against the pipeline that people use today.
// npm run bench -- restore [messages] [runs]
import { addIndexes, restorePair } from './lib/against-pipeline.ts';
import { withBackupWorld } from './lib/backup-world.ts';
import { requirePeers } from './lib/peers.ts';
import { pipelinesOf } from './lib/pipelines.ts';
import { saveResult } from './lib/result.ts';

export async function bench([messages = '800000', runs = '5']: readonly string[]): Promise<void> {
  requirePeers('pg_dump', 'pg_restore', 'gpg', 'zstd');
  await withBackupWorld(Number(messages), async (world) => {
    await addIndexes(world);
    await world.postern('backup', 'run');
    await pipelinesOf(world).dump('zstd');
    const pairs = [await restorePair(world, Number(runs))];
    saveResult({ name: 'restore', postgres: world.database.server.version, pairs, scale: [], profile: [] });
  });
}
