import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { readUrl, resetSandbox, sandboxPaths, upSandbox } from '../../src/lib/sandbox/index.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/lib/sandbox/server.ts';

export interface MailDatabase {
  readonly url: string;
  readonly server: EmbeddedServer;
  readonly folder: string;
  /** Of the table, in bytes. */
  readonly bytes: number;
  close(): Promise<void>;
}

/**
 * The sandbox's mail in a database of PostgreSQL 15, because the peers' pg_dump is of that version. The table is
 * carried over by COPY; nothing of the sandbox remains.
 */
export async function mailDatabase(messages: number): Promise<MailDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o755);
  const paths = sandboxPaths('bench', { POSTERN_SANDBOX_HOME: join(folder, 'sandbox') });
  await upSandbox(paths, { messages, seed: 1, progress: silentProgress });
  const server = await startEmbeddedServer({
    dataDirectory: join(folder, 'data'),
    major: 15,
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '1h', autovacuum: 'off' },
  });
  await withConnection({ url: server.url, role: 'bench' }, (client) => client.query('CREATE DATABASE mail'));
  const url = withDatabase(server.url, 'mail');
  const bytes = await carryOver(await readUrl(paths, 'superuser'), url);
  await resetSandbox(paths);
  return {
    url,
    server,
    folder,
    bytes,
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function carryOver(from: string, to: string): Promise<number> {
  const { from: copyFrom, to: copyTo } = await import('pg-copy-streams');
  return withConnection({ url: from, role: 'bench' }, async (source) =>
    withConnection({ url: to, role: 'bench' }, async (target) => {
      const { rows } = await source.query<{ columns: string }>(
        `select string_agg(quote_ident(attname) || ' ' ||
             case when typnamespace = 'pg_catalog'::regnamespace then format_type(atttypid, atttypmod) else 'text' end, ', ' order by attnum) as columns
           from pg_attribute join pg_type on pg_type.oid = atttypid where attrelid = 'mail.messages'::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      );
      const columns = rows[0]?.columns ?? '';
      const names = columns
        .split(', ')
        .map((column) => column.split(' ')[0])
        .join(', ');
      await target.query(`CREATE SCHEMA mail; CREATE TABLE mail.messages (${columns})`);
      await pipeline(
        source.query(copyTo(`COPY (SELECT ${names} FROM mail.messages) TO STDOUT`)),
        target.query(copyFrom('COPY mail.messages FROM STDIN')),
      );
      await target.query('VACUUM (ANALYZE, FREEZE) mail.messages');
      await target.query('CHECKPOINT');
      const size = await target.query<{ bytes: string }>(
        `select pg_total_relation_size('mail.messages') as bytes`,
      );
      return Number(size.rows[0]?.bytes);
    }),
  );
}
