/**
 * The worker thread in which the WebAssembly pg_dump runs. Its reads and writes are synchronous: a write is posted to
 * the main thread, which owns the socket; a read sleeps until the main thread has posted bytes.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type PgDumpModule, withPgDumpModule } from './wasm-module.ts';

export interface WasmWorkerData {
  readonly args: readonly string[];
  /** Bytes from the server: `Uint8Array`s, and `null` once the connection has ended. */
  readonly inbox: MessagePort;
  /** One Int32, raised by the main thread after each message to the inbox. */
  readonly bell: SharedArrayBuffer;
}

export type WasmWorkerMessage =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'exit';
      readonly exitCode: number;
      readonly stdout: Uint8Array;
      readonly stderr: Uint8Array;
      readonly output: Uint8Array;
    };

/** pgDump reads this file after main, so it has to be there. */
const outputPath = '/tmp/out.sql';
/** pg_dump looks for itself, and its messages begin with its name. */
const programPath = '/pg_dump';
const { args, inbox, bell } = workerData as WasmWorkerData;
process.argv[1] = programPath;

await withPgDumpModule((module, callMain) => {
  module._pgl_set_rw_cbs(...readAndWrite(module));
  module.FS.writeFile(programPath, '');
  module.FS.chmod(programPath, 0o755);
  module.FS.writeFile(outputPath, '');
  redirect(module, 1, '/tmp/stdout');
  redirect(module, 2, '/tmp/stderr');
  const exitCode = callMain([...args, '--username=postern', `--file=${outputPath}`]);
  post({
    kind: 'exit',
    exitCode,
    stdout: module.FS.readFile('/tmp/stdout'),
    stderr: module.FS.readFile('/tmp/stderr'),
    output: module.FS.readFile(outputPath),
  });
  module.FS.writeFile(outputPath, '');
});

function post(message: WasmWorkerMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, not a browser window
  parentPort?.postMessage(message);
}

function redirect({ FS }: PgDumpModule, descriptor: number, path: string): void {
  const stream = FS.getStream(descriptor);
  if (stream !== null) FS.close(stream);
  const { fd } = FS.open(path, 'w');
  if (fd !== descriptor) throw new Error(`pg_dump's descriptor ${descriptor} could not be redirected`);
}

function readAndWrite(module: PgDumpModule): [read: number, write: number] {
  let pending: Uint8Array = new Uint8Array();
  let ended = false;
  // libpq reads until a read says "nothing there" (0). So a read that has just drained what there was must not be
  // followed by one that sleeps: the server may have said all it has to say.
  let drained = false;
  const read = (pointer: number, capacity: number): number => {
    if (pending.length === 0) {
      if (drained || ended) {
        drained = false;
        return 0;
      }
      const received = receive();
      ended = received === null;
      pending = received ?? pending;
    }
    const chunk = pending.subarray(0, capacity);
    module.HEAPU8.set(chunk, pointer);
    pending = pending.subarray(chunk.length);
    drained = pending.length === 0;
    return chunk.length;
  };
  const write = (pointer: number, length: number): number => {
    drained = false;
    post({ kind: 'write', bytes: module.HEAPU8.slice(pointer, pointer + length) });
    return length;
  };
  return [module.addFunction(read, 'iii'), module.addFunction(write, 'iii')];
}

function receive(): Uint8Array | null {
  const rings = new Int32Array(bell);
  for (;;) {
    const heard = Atomics.load(rings, 0);
    const message = receiveMessageOnPort(inbox);
    if (message !== undefined) return message.message as Uint8Array | null;
    Atomics.wait(rings, 0, heard);
  }
}
