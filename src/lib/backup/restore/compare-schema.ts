import { withConnection } from '../../base/postgres.ts';
import { chooseSchemaDumper, comparableSchema, dumpSchema, type SchemaDumper } from '../schema-dump/index.ts';
import { closedDatabaseUrl } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { readScript } from './opened-set.ts';
import { readPostData } from './post-data.ts';
import type { RestoreWork } from './work.ts';

export type SchemaComparison =
  | { readonly schema: 'equal' }
  | { readonly schema: 'different'; readonly section: string }
  | { readonly schema: 'not compared'; readonly reason: string };

/** Dumps the restored schema as the backup did, and compares the texts. */
export async function compareSchema(context: RestoreContext, work: RestoreWork): Promise<SchemaComparison> {
  const { source } = work;
  const url = closedDatabaseUrl(context, work);
  const serverVersion = await versionOf(url);
  if (Math.floor(serverVersion / 10_000) !== Math.floor(source.serverVersionNum / 10_000)) {
    return {
      schema: 'not compared',
      reason: 'the server is of another major version, and pg_dump writes for the one it reads',
    };
  }
  const dumper = await sameDumper(context, serverVersion, source);
  if (dumper === undefined) {
    return {
      schema: 'not compared',
      reason: `pg_dump ${source.schemaDump.version} (${source.schemaDump.kind}), which wrote the schema, is not here`,
    };
  }
  for (const section of ['pre-data', 'post-data'] as const) {
    const dump = await dumpSchema(dumper, {
      url,
      sections: section,
      encoding: source.encoding,
      signal: context.signal,
    });
    // Not byte by byte: PostgreSQL prints a few expressions in another way once they were dumped and read again.
    const isEqual = comparableSchema(dump).equals(comparableSchema(await expected(context, work, section)));
    if (!isEqual) return { schema: 'different', section };
  }
  return { schema: 'equal' };
}

async function expected(
  context: RestoreContext,
  work: RestoreWork,
  section: 'pre-data' | 'post-data',
): Promise<Buffer> {
  if (section === 'pre-data' || work.chosen === undefined) return readScript(context, work, section);
  const { script } = await readPostData(context, work);
  return Buffer.concat([...script.statements, script.rest]);
}

function versionOf(url: string): Promise<number> {
  return withConnection({ url, role: 'restored database', database: 'foreign' }, async (client) => {
    const { rows } = await client.query<{ version: number }>(
      `select pg_catalog.current_setting('server_version_num')::int as version`,
    );
    return rows[0]?.version ?? 0;
  });
}

async function sameDumper(
  { pgDump }: RestoreContext,
  serverVersion: number,
  { schemaDump }: RestoreWork['source'],
): Promise<SchemaDumper | undefined> {
  const chosen = await chooseSchemaDumper({
    serverVersion,
    prefer: schemaDump.kind === 'wasm' ? 'wasm' : 'auto',
    ...(pgDump === undefined ? {} : { nativePath: pgDump }),
  });
  return chosen.kind === schemaDump.kind && chosen.version === schemaDump.version ? chosen : undefined;
}
