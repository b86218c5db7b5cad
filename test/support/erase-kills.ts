import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { projectRoot } from './cli.ts';
import type { EraseWorld } from './erase-world.ts';

/**
 * Applies a plan in processes that kill themselves, each some statements later than the one before, until one comes to
 * the end.
 * @param mapText the map of the world
 * @returns how many were killed
 */
export async function applyWithKills(
  world: EraseWorld,
  { id, body }: Plan,
  mapText: string,
  { from, step }: { readonly from: number; readonly step: number },
): Promise<number> {
  const mapFile = join(world.folder, '..', `map-${id.slice(0, 12)}.yaml`);
  await writeFile(mapFile, mapText);
  for (let killAt = from, kills = 0; ; killAt += step, kills += 1) {
    const child = spawn(
      process.execPath,
      [
        '--experimental-strip-types',
        join(projectRoot, 'test/support/erase-child.ts'),
        world.stateUrl,
        world.url,
        world.folder,
        mapFile,
        id,
        String(killAt),
        body.kind,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (signal === null) {
      // The server has not noticed yet that the one before is gone.
      if (code === 11) continue;
      expect(code).toBe(0);
      await rm(mapFile);
      return kills;
    }
    expect(signal).toBe('SIGKILL');
  }
}
