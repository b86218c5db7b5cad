import { createHash } from 'node:crypto';
import { failure, integrityError, messageOf } from '../../base/error.ts';
import type { Jobs } from './jobs.ts';
import { openFile } from './open-file.ts';
import { clientOf, type WorkerSession } from './session.ts';
import type { JobChannel } from './worker.ts';

/** Loads a part. The whole text is hashed against the manifest before the transaction commits. */
export async function loadPart(
  session: WorkerSession,
  input: Jobs['load']['input'],
  channel: JobChannel,
): Promise<{ readonly rows: number }> {
  const client = clientOf(session);
  const { statements, headerBytes, trailerBytes } = input;
  const { from } = await import('pg-copy-streams');
  await client.query('BEGIN');
  try {
    const mark = await client.query(
      `INSERT INTO ${input.markTable} (mark) VALUES ($1) ON CONFLICT DO NOTHING`,
      [input.mark],
    );
    if (mark.rowCount === 0) {
      const { rows } = await client.query<{ rows: number }>(
        `SELECT rows::int FROM ${input.markTable} WHERE mark = $1`,
        [input.mark],
      );
      await client.query('ROLLBACK');
      return { rows: rows[0]?.rows ?? 0 };
    }
    for (const statement of statements.before) await client.query(statement);
    const target = client.query(from(statements.copy));
    const hash = createHash('sha256');
    let seen = 0;
    const rows = async function* (): AsyncGenerator<Buffer> {
      let held: Buffer = Buffer.alloc(0);
      for (const chunk of await openFile(input)) {
        hash.update(chunk);
        const skip = Math.max(0, Math.min(chunk.byteLength, headerBytes - seen));
        seen += chunk.byteLength;
        // The last bytes are the trailer, which is no row; they may come in pieces.
        const text =
          held.byteLength === 0 ? chunk.subarray(skip) : Buffer.concat([held, chunk.subarray(skip)]);
        const keep = Math.min(text.byteLength, trailerBytes);
        held = Buffer.from(text.subarray(text.byteLength - keep));
        if (text.byteLength > keep) {
          channel.progress(text.byteLength - keep);
          yield text.subarray(0, text.byteLength - keep);
        }
      }
      if (hash.digest('hex') !== input.plainSha256) {
        throw integrityError('a part is not what the manifest says', { code: 'part-malformed' });
      }
    };
    const { pipeline } = await import('node:stream/promises');
    await pipeline(rows, target);
    let changed = target.rowCount;
    for (const statement of statements.after) {
      const { command, rowCount } = await client.query(statement);
      if (command === 'UPDATE') changed = rowCount ?? 0;
    }
    await client.query(`UPDATE ${input.markTable} SET rows = $2 WHERE mark = $1`, [input.mark, changed]);
    await client.query('COMMIT');
    return { rows: changed };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    if (error instanceof Error && error.name === 'PosternError') throw error;
    throw failure(`${statements.target} cannot be loaded: ${messageOf(error)}`, {
      code: 'load-failed',
      cause: error,
    });
  }
}
