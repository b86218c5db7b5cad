import type { Socket } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { failure, messageOf } from '../../base/error.ts';
import { type Client, connect, withConnection } from '../../base/postgres.ts';
import type { PgDumpResult, PgDumpRun } from './run-pg-dump.ts';
import { greetingMessages, readGreeting } from './server-greeting.ts';
import type { WasmWorkerData, WasmWorkerMessage } from './wasm-worker.ts';

const role = 'database to dump';
const decoder = new TextDecoder();

/**
 * Runs the WebAssembly pg_dump against a real server. `pg` opens the session, so that passwords and TLS are its
 * business; then the session's socket is handed to pg_dump, whose start-up packet is answered from here.
 * @throws {PosternError} exit 1 as `connect`, or `wasm-pg-dump-broken`; the signal's reason when it is aborted
 */
export async function runWasmPgDump({ url, args, signal }: PgDumpRun): Promise<PgDumpResult> {
  signal?.throwIfAborted();
  const client = await connect({ url, role, purpose: 'schema dump' });
  const socket = socketOf(client);
  try {
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

/**
 * The WebAssembly pg_dump's version: `18.3`.
 * @throws {PosternError} exit 1 with `code` `wasm-pg-dump-broken`
 */
export async function wasmPgDumpVersion(): Promise<string> {
  const { worker } = startWorker(['--version']);
  const exit = await exitOf(worker);
  const version = /\(PostgreSQL\) (\S+)/.exec(decoder.decode(exit.stdout))?.[1];
  if (version === undefined) throw broken(new Error(decoder.decode(exit.stderr)));
  return version;
}

interface Conversation {
  readonly socket: Socket;
  readonly args: readonly string[];
  readonly greeting: Buffer;
  readonly cancel: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

async function converse({ socket, args, greeting, cancel, signal }: Conversation): Promise<PgDumpResult> {
  const { worker, deliver } = startWorker(args);
  const onData = (bytes: Buffer) => deliver(Uint8Array.from(bytes));
  const onClose = () => deliver(null);
  socket.on('data', onData).once('close', onClose).resume();
  let greeted = false;
  worker.on('message', (message: WasmWorkerMessage) => {
    if (message.kind !== 'write') return;
    if (greeted) socket.write(message.bytes);
    else deliver(Uint8Array.from(greeting));
    greeted = true;
  });
  const stop = new AbortController();
  try {
    const exit = await Promise.race([exitOf(worker), abortion(signal, stop.signal)]);
    return {
      exitCode: exit.exitCode,
      output: Buffer.from(exit.output.buffer, exit.output.byteOffset, exit.output.byteLength),
      messages: decoder.decode(exit.stderr),
    };
  } catch (error) {
    await cancel().catch(() => {});
    throw error;
  } finally {
    stop.abort();
    await worker.terminate();
    socket.off('data', onData).off('close', onClose);
  }
}

function startWorker(args: readonly string[]) {
  const { port1: outbox, port2: inbox } = new MessageChannel();
  const bell = new SharedArrayBuffer(4);
  const rings = new Int32Array(bell);
  const workerData: WasmWorkerData = { args, inbox, bell };
  // Beside this file: TypeScript when run from the sources, JavaScript when built.
  const file = new URL(
    import.meta.url.endsWith('.ts') ? './wasm-worker.ts' : './wasm-worker.js',
    import.meta.url,
  );
  const worker = new Worker(file, {
    workerData,
    transferList: [inbox],
    env: {},
    execArgv: [],
    name: 'pg_dump',
  });
  worker.once('exit', () => outbox.close());
  const deliver = (bytes: Uint8Array<ArrayBuffer> | null): void => {
    outbox.postMessage(bytes, bytes === null ? [] : [bytes.buffer]);
    Atomics.add(rings, 0, 1);
    Atomics.notify(rings, 0);
  };
  return { worker, deliver };
}

type Exit = Extract<WasmWorkerMessage, { kind: 'exit' }>;

function exitOf(worker: Worker): Promise<Exit> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: WasmWorkerMessage) => {
      if (message.kind === 'exit') resolve(message);
    });
    worker.once('error', (error) => reject(broken(error)));
    worker.once('exit', (code) => reject(broken(new Error(`its worker thread ended with ${code}`))));
  });
}

/** Rejects with the signal's reason once it is aborted, until `stop` is. */
function abortion(signal: AbortSignal | undefined, stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: stop });
  });
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
