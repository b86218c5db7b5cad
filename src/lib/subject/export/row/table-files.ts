import type { Archive } from '../archive/archive.ts';
import type { GrowingFile } from '../archive/growing-file.ts';
import type { Column } from './column.ts';
import { csvLine } from './csv.ts';
import { cellOf, jsonOf } from './value.ts';

/** The rows of a table as JSON and as CSV. */
export interface TableFiles {
  /** @param files what of the archive belongs to the row */
  write(values: readonly (Buffer | null)[], files: readonly string[]): Promise<void>;
  /** @returns the paths of what was written */
  close(): Promise<readonly string[]>;
}

export interface TableFilesOptions {
  /** The folder in the archive. */
  readonly folder: string;
  readonly columns: readonly Pick<Column, 'name' | 'form'>[];
  /** Bytes after which another pair of files begins; undefined: never. */
  readonly rollAt: number | undefined;
}

/** One row a line, so that both are read and written without standing in memory. */
export function tableFiles(archive: Archive, { folder, columns, rollAt }: TableFilesOptions): TableFiles {
  const paths: string[] = [];
  let open: { readonly json: GrowingFile; readonly csv: GrowingFile } | undefined;
  let rows = 0;
  const keys = columns.map(({ name }) => JSON.stringify(name));
  const filesName = freeName(columns.map(({ name }) => name));
  const header = csvLine([...columns.map(({ name }) => ({ text: name })), { text: filesName }]);

  async function begin() {
    const name = `${folder}/rows${paths.length === 0 ? '' : `-${paths.length / 2 + 1}`}`;
    paths.push(`${name}.json`, `${name}.csv`);
    const files = { json: archive.create(`${name}.json`), csv: archive.create(`${name}.csv`) };
    await files.json.write('[');
    await files.csv.write(header);
    rows = 0;
    return files;
  }
  async function end(): Promise<void> {
    if (open === undefined) return;
    await open.json.write('\n]\n');
    await open.json.close();
    await open.csv.close();
    open = undefined;
  }

  return {
    async write(values, files) {
      open ??= await begin();
      const members = columns.map(
        ({ form }, index) => `${keys[index]}:${jsonOf(values[index] ?? null, form)}`,
      );
      if (files.length > 0) members.push(`${JSON.stringify(filesName)}:${JSON.stringify(files)}`);
      await open.json.write(`${rows === 0 ? '' : ','}\n{${members.join(',')}}`);
      const cells = columns.map(({ form }, index) => cellOf(values[index] ?? null, form));
      await open.csv.write(csvLine([...cells, { text: files.join(' ') || null }]));
      rows += 1;
      if (rollAt !== undefined && Math.max(open.json.size, open.csv.size) >= rollAt) await end();
    },
    async close() {
      await end();
      return paths;
    },
  };
}

/** What the member with the row's files is called: `files`, or where a column is, `files_`. */
function freeName(columns: readonly string[]): string {
  let name = 'files';
  while (columns.includes(name)) name += '_';
  return name;
}
