import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import LongFirst from './test/support/long-first.ts';
import { memoryFolder } from './test/support/memory-folder.ts';

// Of every process that a test starts. What outlives a run stays on the disk.
process.env['POSTERN_TEST_CACHE'] ??= tmpdir();
process.env['TMPDIR'] ??= memoryFolder() ?? tmpdir();
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/postern-test');

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    disableConsoleIntercept: true,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // For two processors: a third of its time, a test waits for a server, a clock or a process that it started.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    reporters: ['default', './test/support/count-reporter.ts'],
  },
});
