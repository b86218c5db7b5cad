import type { GrowingFile } from './growing-file.ts';
import type { Spool } from './spool.ts';

/** The lists of a manifest that grow with the archive. */
export type ManifestList = 'maskings' | 'notExported';

/** A line of a list, as it waits for its manifest. */
export const lineOf = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** A JSON document, an entry a line, so that it is written and read without standing in memory. */
export async function writeManifest(
  file: GrowingFile,
  head: Readonly<Record<string, unknown>>,
  lists: Readonly<Record<'files' | ManifestList, Spool>>,
): Promise<void> {
  await file.write(JSON.stringify(head, undefined, 2).replace(/\n\}$/, ''));
  for (const name of ['files', 'maskings', 'notExported'] as const) {
    await file.write(`,\n  ${JSON.stringify(name)}: [`);
    let before = '\n    ';
    for await (const text of linesOf(lists[name])) {
      await file.write(`${before}${text}`);
      before = ',\n    ';
    }
    await file.write(']');
  }
  await file.write('\n}\n');
  await file.close();
}

export async function* linesOf(spool: Spool): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of spool.read()) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
