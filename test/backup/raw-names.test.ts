import { expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { backupWorld } from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';
import { createZoo } from '../support/zoo/zoo.ts';
import { sql } from './round-trip.ts';

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

test('a comment or a setting in such bytes is refused, and not written as question marks', async () => {
  const platform = await testDatabase({ encoding: 'SQL_ASCII' });
  const world = await backupWorld({ platformUrl: platform.url });
  const write = (format: string, bytes: string) =>
    sql(
      platform.url,
      `do $$ begin execute format('${format}', current_database(), convert_from('${bytes}', 'SQL_ASCII')); end $$`,
    );
  try {
    await sql(platform.url, `select lo_create(70001)`);
    for (const format of [
      'comment on database %I is %L',
      'comment on large object 70001 is %2$L',
      'alter database %I set "app.name" = %L',
    ]) {
      await write(format, '\\xe9');
      await expect(runBackup(world.context()), format).rejects.toMatchObject({
        exitCode: 1,
        code: 'catalog-encoding',
      });
      await write(format, '\\xc3a9');
    }
    await expect(runBackup(world.context())).resolves.toMatchObject({ sources: [{ largeObjects: 1 }] });
  } finally {
    await world.close();
    await platform.drop();
  }
});
