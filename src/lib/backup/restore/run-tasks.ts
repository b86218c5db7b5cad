import type { Task } from './post-data-order.ts';

/**
 * Runs tasks as soon as those that they wait for are done, never more at once than there are workers; the heaviest of
 * those that could begin goes first. After a failure none begins any more, and those under way are waited for, since
 * what they did is kept.
 * @throws what the first task that failed threw
 */
export async function runTasks<W>(
  tasks: readonly Task[],
  {
    workers,
    weightOf,
    run,
  }: {
    readonly workers: readonly W[];
    readonly weightOf: (task: Task) => number;
    readonly run: (worker: W, task: Task) => Promise<void>;
  },
): Promise<void> {
  const waitsFor = new Map(tasks.map(({ index, after }) => [index, after.length]));
  const followers = new Map<number, Task[]>();
  for (const task of tasks)
    for (const earlier of task.after) followers.set(earlier, [...(followers.get(earlier) ?? []), task]);
  const ready = tasks.filter(({ after }) => after.length === 0);
  const free = [...workers];
  const underway = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const begin = (worker: W, task: Task): void => {
    const work = run(worker, task)
      .then(
        () => {
          for (const follower of followers.get(task.index) ?? []) {
            const left = (waitsFor.get(follower.index) ?? 0) - 1;
            waitsFor.set(follower.index, left);
            if (left === 0) ready.push(follower);
          }
        },
        (error: unknown) => {
          failures.push(error);
        },
      )
      .finally(() => {
        underway.delete(work);
        free.push(worker);
      });
    underway.add(work);
  };
  while (ready.length > 0 || underway.size > 0) {
    while (failures.length === 0 && ready.length > 0) {
      const worker = free.pop();
      if (worker === undefined) break;
      const heaviest = ready.reduce((best, task) => (weightOf(task) > weightOf(best) ? task : best));
      ready.splice(ready.indexOf(heaviest), 1);
      begin(worker, heaviest);
    }
    if (underway.size === 0) break;
    await Promise.race(underway);
  }
  if (failures.length > 0) throw failures[0];
}
