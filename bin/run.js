#!/usr/bin/env node
// Plain JavaScript, and old JavaScript at that: it must still parse and speak on a Node that is too old.
import { enableCompileCache } from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (!(major >= 26 || (major === 24 && minor >= 15))) {
  process.stderr.write(`postern: error: Node ${process.versions.node} is too old or untested; postern needs 24.15 or later in 24, or 26\n`);
  process.exit(2);
}
enableCompileCache?.();
for (const stream of [process.stdout, process.stderr]) {
  // `postern … | head` closes the pipe on purpose: that is not a failure.
  stream.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
const { execute } = await import('@oclif/core');
await execute({ dir: import.meta.url });
