import { integrityError } from '../../../base/error.ts';
import { readZip } from '../zip/reader.ts';
import { linesOf } from './manifest.ts';
import type { Spool } from './spool.ts';

/** A file of an archive, as the manifest tells it. */
export type Expected = { readonly name: string; readonly size: number; readonly sha256: string };

/**
 * Every file of the archive as it lies on the disk against what was put into it.
 * @param files lines of the manifest, in the order of the archive
 * @param extra what follows them
 * @throws {PosternError} exit 5, `archive-corrupt`
 */
export async function readBack(
  content: AsyncIterable<Uint8Array>,
  at: Date,
  files: Spool,
  extra: readonly Expected[],
): Promise<void> {
  async function* expected(): AsyncGenerator<Expected, void, undefined> {
    for await (const text of linesOf(files)) {
      const { path, bytes, sha256 } = JSON.parse(text) as { path: string; bytes: number; sha256: string };
      yield { name: path, size: bytes, sha256 };
    }
    yield* extra;
  }
  const wanted = expected();
  for await (const entry of readZip(content, at)) {
    const next = await wanted.next();
    if (next.done === true) throw differs();
    const { name, size, sha256 } = next.value;
    if (entry.name !== name || entry.size !== size || entry.sha256 !== sha256) throw differs();
  }
  if ((await wanted.next()).done !== true) throw differs();
}

export function differs(cause?: unknown): Error {
  return integrityError('the archive on the disk is not what was written to it', {
    code: 'archive-corrupt',
    cause,
    hints: ['nothing of it was kept; look at the disk, and run again'],
  });
}
