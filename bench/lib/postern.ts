import { fileURLToPath } from 'node:url';
import type { BackupWorld } from './backup-world.ts';
import { type Measured, peakOf } from './peak-memory.ts';

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Runs a command of postern in a bench's world, as a person would, and measures it. */
export function postern(world: BackupWorld, ...args: readonly string[]): Promise<Measured> {
  return peakOf(process.execPath, [bin, ...args, '--config', world.configFile, '--quiet']);
}
