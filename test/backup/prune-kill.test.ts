import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { progressOf, readJournal } from '../../src/lib/operation/journal.ts';
import { idOf, now, pruneWorld } from './prune-world.ts';

const script = fileURLToPath(new URL('../support/prune-child.ts', import.meta.url));

test('a prune that is killed again and again goes on, leaves no half set, and counts everything once', async () => {
  const world = await pruneWorld();
  try {
    const [march, april, latest] = [idOf('2026-03-01'), idOf('2026-04-01'), idOf('2026-05-30')];
    for (const setId of [march, april, latest]) await world.addSet(setId);
    const { plan } = await world.plan({ last: 1 });
    const isDone = async (): Promise<boolean> =>
      progressOf(await readJournal(world.state.pool, plan.id)).state === 'applied';
    let kills = 0;
    for (let round = 0; !(await isDone()); round += 1) {
      expect(round).toBeLessThan(30);
      const when = round % 2 === 0 ? 'before' : 'after';
      const argv = [
        script,
        world.state.url,
        world.storePath,
        plan.id,
        String(round % 3),
        when,
        now.toISOString(),
      ];
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
      const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      if (signal === 'SIGKILL') kills += 1;
      const files = await world.files();
      for (const setId of [march, april]) {
        const own = files.filter((file) => file.startsWith(setId));
        if (own.includes(`${setId}/manifest.json.pgp`)) expect(own).toHaveLength(3);
      }
      await untilUnlocked();
    }
    expect(kills).toBeGreaterThan(3);
    expect((await world.files()).every((file) => file.includes(latest))).toBe(true);
    const { rows } = await world.state.pool.query<{ versions: number }>(
      `select sum((detail->>'versions')::int)::int as versions from postern.plan_journal where event = 'done'`,
    );
    expect(rows).toEqual([{ versions: plan.body.effects['object versions deleted'] }]);
  } finally {
    await world.close();
  }

  /** The server notices a moment later that nobody holds the locks any more. */
  async function untilUnlocked(): Promise<void> {
    const held = `select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
    while ((await world.state.pool.query(held)).rows.length > 0) await delay(5);
  }
}, 60_000);
