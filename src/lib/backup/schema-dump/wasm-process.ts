/**
 * The process in which the WebAssembly pg_dump runs: what the server says comes in at standard input, what pg_dump says
 * to the server goes out at standard output, and how it ended goes to descriptor 3, as `v8.serialize` writes it. Its
 * reads and writes are synchronous, so it has nothing else to do.
 */
import { readSync, writeSync } from 'node:fs';
import { serialize } from 'node:v8';
import { type PgDumpModule, withPgDumpModule } from './wasm-module.ts';

export interface WasmEnd {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly output: Uint8Array;
}

const server = { input: 0, output: 1 } as const;
const end = 3;
/** pgDump reads this file after main, so it has to be there. */
const outputPath = '/tmp/out.sql';
/** pg_dump looks for itself, and its messages begin with its name. */
const programPath = '/pg_dump';
const args = process.argv.slice(2);
process.argv[1] = programPath;

await withPgDumpModule((module, callMain) => {
  module._pgl_set_rw_cbs(...readAndWrite(module));
  module.FS.writeFile(programPath, '');
  module.FS.chmod(programPath, 0o755);
  module.FS.writeFile(outputPath, '');
  redirect(module, 1, '/tmp/stdout');
  redirect(module, 2, '/tmp/stderr');
  const exitCode = callMain([...args, '--username=postern', `--file=${outputPath}`]);
  const ended: WasmEnd = {
    exitCode,
    stdout: module.FS.readFile('/tmp/stdout'),
    stderr: module.FS.readFile('/tmp/stderr'),
    output: module.FS.readFile(outputPath),
  };
  writeAll(end, serialize(ended));
  process.exit(0);
});

function redirect({ FS }: PgDumpModule, descriptor: number, path: string): void {
  const stream = FS.getStream(descriptor);
  if (stream !== null) FS.close(stream);
  const { fd } = FS.open(path, 'w');
  if (fd !== descriptor) throw new Error(`pg_dump's descriptor ${descriptor} could not be redirected`);
}

function readAndWrite(module: PgDumpModule): [read: number, write: number] {
  const buffer = new Uint8Array(64 * 1024);
  let pending = buffer.subarray(0, 0);
  // libpq reads until a read says "nothing there" (0). So a read that has just drained what there was must not be
  // followed by one that sleeps: the server may have said all it has to say.
  let drained = false;
  const read = (pointer: number, capacity: number): number => {
    if (pending.length === 0) {
      if (drained) {
        drained = false;
        return 0;
      }
      pending = buffer.subarray(0, readSync(server.input, buffer));
    }
    const chunk = pending.subarray(0, capacity);
    module.HEAPU8.set(chunk, pointer);
    pending = pending.subarray(chunk.length);
    drained = pending.length === 0;
    return chunk.length;
  };
  const write = (pointer: number, length: number): number => {
    drained = false;
    writeAll(server.output, module.HEAPU8.subarray(pointer, pointer + length));
    return length;
  };
  return [module.addFunction(read, 'iii'), module.addFunction(write, 'iii')];
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(descriptor, bytes, written, bytes.length - written);
}
