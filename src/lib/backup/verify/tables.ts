import type { Manifest, ManifestFile } from '../format/manifest.ts';
import { addSums, type TableSum } from '../format/row-checksum.ts';
import type { VerifyJob } from './job.ts';

/**
 * The rows of every table, and the wrapped keys of it, against the manifest. A table with a part that was not read, or
 * is damaged and has its finding already, cannot be judged.
 * @param sums by the name of the part
 */
export function compareTables(
  job: VerifyJob,
  { sources, files, keyrings }: Manifest,
  sums: ReadonlyMap<string, TableSum>,
): void {
  const parts = Map.groupBy(files, tableOf);
  const keyParts = Map.groupBy(keyrings, tableOf);
  for (const { name: source, tables, keyring } of sources) {
    for (const [index, table] of tables.entries())
      compare(job, `${source}: ${table.schema}.${table.name} has`, table, {
        parts: parts.get(`${source} ${index}`) ?? [],
        sums,
      });
    for (const [index, table] of keyring.entries())
      compare(job, `${source}: the keyring of ${table.schema}.${table.name} has`, table, {
        parts: keyParts.get(`${source} ${index}`) ?? [],
        sums,
      });
  }
}

function tableOf({ source = '', table }: ManifestFile): string {
  return `${source} ${table ?? ''}`;
}

function compare(
  { findings }: VerifyJob,
  what: string,
  expected: TableSum,
  { parts, sums }: { readonly parts: readonly ManifestFile[]; readonly sums: ReadonlyMap<string, TableSum> },
): void {
  const read = parts.map(({ name }) => sums.get(name));
  if (read.includes(undefined)) return;
  const { rows, checksum } = addSums(read.filter((sum) => sum !== undefined));
  if (rows === expected.rows && checksum === expected.checksum) return;
  findings.push({
    kind: 'contents',
    file: null,
    message: `${what} ${rows} rows with checksum ${checksum}, not ${expected.rows} with ${expected.checksum}`,
  });
}
