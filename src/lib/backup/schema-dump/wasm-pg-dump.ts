import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import { failure, messageOf } from '../../base/error.ts';
import { type Client, connect, withConnection } from '../../base/postgres.ts';
import type { PgDumpResult, PgDumpRun } from './run-pg-dump.ts';
import { greetingMessages, readGreeting } from './server-greeting.ts';
import type { WasmEnd } from './wasm-process.ts';

const role = 'database to dump';
const decoder = new TextDecoder();
/**
 * V8 can crash while it frees WebAssembly code (https://github.com/nodejs/node/issues/64500). That is why pg_dump has a
 * process of its own, and why a process that was killed by a signal is followed by another.
 */
const attempts = 3;

/**
 * Runs the WebAssembly pg_dump against a real server. `pg` opens the session, so that passwords and TLS are its
 * business; then the session's socket is handed to pg_dump, whose start-up packet is answered from here.
 * @throws {PosternError} exit 1 as `connect`, or `wasm-pg-dump-broken`; the signal's reason when it is aborted
 */
export async function runWasmPgDump(run: PgDumpRun): Promise<PgDumpResult> {
  const { exitCode, output, stderr } = await untilItLives(() => dumpOnce(run));
  return {
    exitCode,
    output: Buffer.from(output.buffer, output.byteOffset, output.byteLength),
    messages: decoder.decode(stderr),
  };
}

/**
 * The WebAssembly pg_dump's version: `18.3`.
 * @throws {PosternError} exit 1 with `code` `wasm-pg-dump-broken`
 */
export async function wasmPgDumpVersion(): Promise<string> {
  const { stdout, stderr } = await untilItLives(() => {
    const child = start(['--version']);
    child.stdin.end();
    return endOf(child);
  });
  const version = /\(PostgreSQL\) (\S+)/.exec(decoder.decode(stdout))?.[1];
  if (version === undefined) throw broken(decoder.decode(stderr));
  return version;
}

async function untilItLives(work: () => Promise<WasmEnd | Crash>): Promise<WasmEnd> {
  for (let attempt = 1; ; attempt++) {
    const end = await work();
    if (!('crash' in end)) return end;
    if (attempt === attempts)
      throw broken(`its process was ended ${attempts} times, the last time by ${end.crash}`);
  }
}

async function dumpOnce({ url, args, signal }: PgDumpRun): Promise<WasmEnd | Crash> {
  signal?.throwIfAborted();
  const client = await connect({ url, role, purpose: 'schema dump' });
  const socket = socketOf(client);
  try {
    // As pg_dump does, and before the first question: a database may allow its sessions very little time.
    await client.query('SET statement_timeout = 0');
    const greeting = await readGreeting(client);
    socket.removeAllListeners('data');
    const cancel = () => terminateBackend(url, greeting.backendPid);
    return await converse({ socket, args, greeting: greetingMessages(greeting), cancel, signal });
  } finally {
    // After pg_dump's own Terminate message has been flushed.
    socket.destroySoon();
    await client.end().catch(() => {});
  }
}

interface Conversation {
  readonly socket: Socket;
  readonly args: readonly string[];
  readonly greeting: Buffer;
  readonly cancel: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

async function converse({ socket, args, greeting, cancel, signal }: Conversation): Promise<WasmEnd | Crash> {
  const child = start(args);
  const abort = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', abort, { once: true });
  // The first that it says is the start-up packet.
  child.stdout.once('data', () => {
    child.stdin.write(greeting);
    child.stdout.pipe(socket, { end: false });
  });
  // A connection that is reset closes without an end.
  socket.once('close', () => child.stdin.end()).pipe(child.stdin);
  try {
    const end = await endOf(child);
    signal?.throwIfAborted();
    if ('crash' in end) await cancel().catch(() => {});
    return end;
  } catch (error) {
    await cancel().catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.unpipe(child.stdin);
  }
}

/** Detached: a Ctrl-C at the terminal is answered by this process alone. Without it, the child reads the end of its input. */
function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  // Beside this file: TypeScript when run from the sources, JavaScript when built.
  const name = import.meta.url.endsWith('.ts') ? './wasm-process.ts' : './wasm-process.js';
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // What it could not be told matters only if it ends badly, and then it is seen.
  child.stdin.on('error', () => {});
  return child;
}

/** Its process was ended by this signal before it could say how pg_dump ended. */
interface Crash {
  readonly crash: NodeJS.Signals;
}

/** @throws {PosternError} exit 1, `wasm-pg-dump-broken`, for a process that does not start or ends without a word */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<WasmEnd | Crash> {
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', (error) => reject(broken(messageOf(error))));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const [{ code, signal }, bytes, said] = await Promise.all([
    closed,
    buffer(child.stdio[3] as Readable),
    text(child.stderr),
  ]);
  if (code === 0) return deserialize(bytes) as WasmEnd;
  if (signal !== null) return { crash: signal };
  throw broken(said.trim() || `its process ended with ${code}`);
}

/** A server that waits for a lock does not see that its client has gone. */
async function terminateBackend(url: string, pid: number): Promise<void> {
  await withConnection({ url, role, purpose: 'schema dump cancel' }, (client) =>
    client.query('SELECT pg_terminate_backend($1)', [pid]),
  );
}

function socketOf(client: Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

function broken(error: unknown) {
  return failure(`the built-in pg_dump does not run: ${messageOf(error)}`, {
    code: 'wasm-pg-dump-broken',
    cause: error,
    hints: ["install a native pg_dump of the server's major version, or reinstall postern"],
  });
}
