import { expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { backupWorld } from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';
import { createZoo } from '../support/zoo/zoo.ts';

test('a SQL_ASCII database with names in bytes that are no UTF-8 is refused with the name, not copied in part', async () => {
  const platform = await testDatabase({ encoding: 'SQL_ASCII' });
  const world = await backupWorld({ platformUrl: platform.url });
  try {
    await createZoo(platform.url, { extra: ['raw_names'] });
    await expect(runBackup(world.context())).rejects.toMatchObject({ exitCode: 1, code: 'catalog-encoding' });
  } finally {
    await world.close();
    await platform.drop();
  }
});
