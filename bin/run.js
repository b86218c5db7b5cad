#!/usr/bin/env node
// Plain JavaScript, and old JavaScript at that: it must still parse, link and speak on a Node that is too old.
import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
if (!(major >= 26 || (major === 24 && minor >= 15))) {
  process.stderr.write(
    `postern: error: Node ${process.versions.node} is too old or untested; postern needs 24.15 or later in 24, or 26\n`,
  );
  process.exit(2);
}
const cache = privateCacheFolder();
if (cache !== undefined) module.enableCompileCache?.(cache);
for (const stream of [process.stdout, process.stderr]) {
  // `postern … | head` closes the pipe on purpose. What runs goes on to its end without a reader, so that the exit
  // code stays true: ending here with 0 could pass off half a backup as a whole one.
  stream.on('error', (error) => {
    if (error.code === 'EPIPE') {
      // Whoever waits until the stream has room would wait for ever.
      stream.emit('drain');
      return;
    }
    if (stream === process.stdout)
      process.stderr.write(`postern: error: the output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
}
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `postern: error: unexpected: ${error?.message ?? error}\nhint: this is a bug in postern; run again with --verbose and report the whole output\n`,
  );
  if (process.argv.includes('--verbose')) process.stderr.write(`${error?.stack}\n`);
  process.exit(1);
});
if (process.argv.includes('--no-color')) process.env.NO_COLOR = '1';
if (process.argv.length === 3 && ['--version', '-V'].includes(process.argv[2])) {
  // The same line as oclif's, without loading oclif: scripts ask for it often.
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else {
  const { execute } = await import('@oclif/core');
  await execute({ dir: import.meta.url });
}

/**
 * Where compiled code is kept, and taken from as it is. Node's own choice is a folder of /tmp, where anybody can be
 * first; so it has to be a folder of ours into which nobody else can write. Without one, a start takes longer.
 */
function privateCacheFolder() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return process.env.NODE_COMPILE_CACHE;
  try {
    const parent = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postern');
    const folder = join(parent, 'compile-cache');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return isOurs(parent) && isOurs(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(folder) {
  if (process.geteuid === undefined) return true;
  const { uid, mode } = lstatSync(folder);
  return uid === process.geteuid() && (mode & 0o022) === 0;
}
