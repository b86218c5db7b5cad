import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

export interface MigrationFile {
  /** The number that the file's name starts with. */
  readonly version: number;
  readonly title: string;
  readonly sql: string;
  /** Of the file's bytes, lowercase hex; kept with the applied migration, so that a later edit is seen. */
  readonly sha256: string;
}

const folder = new URL('migrations/', import.meta.url);

/** The migrations that this postern brings, in ascending order, numbered from 1 without gaps. */
export async function readMigrationFiles(from: URL = folder): Promise<readonly MigrationFile[]> {
  const names = (await readdir(from)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const [, version, title] = /^(\d{4})-(.+)\.sql$/.exec(name) ?? [];
      if (Number(version) !== index + 1 || title === undefined) {
        throw new Error(`migration ${name} is misnamed or out of sequence`);
      }
      const bytes = await readFile(new URL(name, from));
      return {
        version: index + 1,
        title,
        sql: bytes.toString('utf8'),
        sha256: createHash('sha256').update(bytes).digest('hex'),
      };
    }),
  );
}
