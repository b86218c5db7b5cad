import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Who works on a part: host, process, and a part of its own for every worker of a process. */
export const newWorkerName = (): string => `${hostname()} ${process.pid} ${randomUUID()}`;

/** Whether a worker was on this host, and its process is gone; of other hosts nobody here can tell. */
export function isDeadHere(worker: string): boolean {
  const [host, pid = ''] = worker.split(' ');
  if (host !== hostname() || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
