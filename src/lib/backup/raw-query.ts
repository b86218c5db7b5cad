import type { Submittable } from 'pg';
import { failure, messageOf, PosternError } from '../base/error.ts';
import { type Client, sqlState } from '../base/postgres.ts';
import { type Statement, splitStatements } from './split-statements.ts';

/** Statements per message: each message is a transaction, and a transaction's locks must fit the server's table. */
const batchSize = 100;
const excerptLength = 200;

/**
 * Runs an SQL script of raw bytes, such as a schema dump; results are discarded. The bytes are in the encoding that a
 * `SET client_encoding` line of the script's head names, or else the session's, which is restored at the end; other
 * settings that the script makes stay. Every 100 statements are one transaction: after an error, those before have
 * been committed.
 * @throws {PosternError} exit 1 with `code` `script-failed`, line and text of the statement that failed
 */
export async function runScript(client: Client, sql: Uint8Array): Promise<void> {
  const script = Buffer.from(sql.buffer, sql.byteOffset, sql.byteLength);
  if (script.includes(0))
    throw failure('the script holds a zero byte, so it is no SQL', { code: 'script-failed' });
  const { rows } = await client.query<{ client_encoding: string }>('SHOW client_encoding');
  const before = rows[0]?.client_encoding ?? 'UTF8';
  const encoding = declaredEncoding(script) ?? before;
  await setEncoding(client, encoding);
  try {
    const statements = splitStatements(script);
    for (let first = 0; first < statements.length; first += batchSize) {
      await runBatch(client, { script, encoding, statements: statements.slice(first, first + batchSize) });
    }
  } finally {
    // A lost connection has already been reported.
    await setEncoding(client, before).catch(() => {});
  }
}

interface Batch {
  readonly script: Buffer;
  readonly encoding: string;
  readonly statements: readonly Statement[];
}

async function runBatch(client: Client, batch: Batch): Promise<void> {
  const start = batch.statements[0]?.start;
  const text = batch.script.subarray(start, batch.statements.at(-1)?.end);
  const { completed, error } = await simpleQuery(client, text);
  if (error !== undefined) throw scriptError(batch, failedStatement(batch, completed, error), error);
}

interface Answer {
  /** Statements that were done before the error; they have been rolled back with it. */
  readonly completed: number;
  readonly error?: unknown;
}

/** A simple Query message made of bytes; `pg` can only make one of a string, as UTF-8. */
function simpleQuery(client: Client, text: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    let completed = 0;
    const query: Submittable & Record<string, unknown> = {
      submit(connection) {
        const head = Buffer.alloc(5, 'Q');
        head.writeInt32BE(text.length + 5, 1);
        connection.stream.write(Buffer.concat([head, text, Buffer.alloc(1)]));
      },
      handleRowDescription() {},
      handleDataRow() {},
      handleEmptyQuery() {},
      handleCommandComplete() {
        completed += 1;
      },
      handleCopyInResponse(connection: { sendCopyFail(reason: string): void }) {
        connection.sendCopyFail('a script cannot hold rows to copy');
      },
      handleCopyData() {},
      handleError(error: unknown) {
        resolve({ completed, error });
      },
      handleReadyForQuery() {
        resolve({ completed });
      },
    };
    client.query(query);
  });
}

/** A syntax error stops the whole message before its first statement, but says where it is. */
function failedStatement({ script, encoding, statements }: Batch, completed: number, error: unknown) {
  const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN;
  const start = statements[0]?.start ?? 0;
  if (Number.isNaN(position)) return statements[completed];
  const offset = start + byteOffset(script.subarray(start), position - 1, encoding);
  return statements.find(({ end }) => offset < end) ?? statements[completed];
}

/** PostgreSQL counts characters. */
function byteOffset(text: Buffer, characters: number, encoding: string): number {
  if (encoding !== 'UTF8') return characters;
  let offset = 0;
  for (let left = characters; left > 0; left -= 1) {
    offset += 1;
    while (((text[offset] ?? 0) & 0xc0) === 0x80) offset += 1;
  }
  return offset;
}

function scriptError(
  { script, encoding }: Batch,
  statement: Statement | undefined,
  error: unknown,
): PosternError {
  const state = sqlState(error);
  const reason = `${messageOf(error)}${state === undefined ? '' : ` (SQLSTATE ${state})`}`;
  if (statement === undefined)
    return failure(`the script failed: ${reason}`, { code: 'script-failed', cause: error });
  const { offset, excerpt } = withoutComments(script, statement, encoding);
  const line = script.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1;
  return failure(`line ${line} of the script failed: ${reason}, in: ${excerpt}`, {
    code: 'script-failed',
    cause: error,
  });
}

function withoutComments(script: Buffer, { start, end }: Statement, encoding: string) {
  const text = script.toString('latin1', start, end);
  const lead = /^(?:\s+|--[^\n]*\n)*/.exec(text)?.[0].length ?? 0;
  const offset = start + lead;
  const bytes = script.subarray(offset, Math.min(end, offset + excerptLength));
  const excerpt = bytes.toString(encoding === 'UTF8' ? 'utf8' : 'latin1').replace(/\s+/g, ' ');
  return { offset, excerpt: offset + bytes.length < end ? `${excerpt}…` : excerpt };
}

/** From the first lines only: further down, the same text may be part of somebody's function. */
export function declaredEncoding(script: Buffer): string | undefined {
  const head = script.toString('latin1', 0, 1024);
  return /^(?:(?:--[^\n]*|(?:SET|SELECT) [^\n]*|)\n)*?SET client_encoding = '(\w+)';/.exec(head)?.[1];
}

async function setEncoding(client: Client, encoding: string): Promise<void> {
  await client.query('SELECT set_config($1, $2, false)', ['client_encoding', encoding]);
}
