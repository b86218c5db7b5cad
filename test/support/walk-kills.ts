import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { projectRoot } from './cli.ts';
import type { KeyWorld } from './key-world.ts';

/** The exit code where the server has not noticed yet that the process that was killed is gone. */
const jobLocked = 11;

/**
 * Applies a plan that walks through rows in processes that are killed at random moments, and then in one that comes to
 * the end, unless one of the others did.
 * @param kills at most so many, each within so many milliseconds after the process has begun
 */
export async function applyWithKills(
  world: KeyWorld,
  planId: string,
  { kills, within }: { readonly kills: number; readonly within: number },
): Promise<void> {
  const script = join(projectRoot, 'test/support/walk-child.ts');
  const start = () =>
    spawn(process.execPath, [script, ...world.childArguments, planId], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  let killed = 0;
  while (killed < kills) {
    const child = start();
    const ended = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), ended]);
    await Promise.race([wait(Math.random() * within), ended]);
    if (child.exitCode === jobLocked) continue;
    if (child.exitCode !== null) break;
    child.kill('SIGKILL');
    await ended;
    killed += 1;
  }
  expect(killed).toBeGreaterThan(kills / 4);
  let code: number | null;
  do [code] = (await once(start(), 'exit')) as [number | null];
  while (code === jobLocked);
  // 6: one of the others had come to the end.
  expect([0, 6]).toContain(code);
  const { rows } = await world.state.pool.query(
    `select from postern.plan_journal where plan_id = $1 and event = 'applied'`,
    [planId],
  );
  expect(rows).toHaveLength(1);
}
