import { randomUUID } from 'node:crypto';
import { open, readFile, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { locked } from '../../base/error.ts';
import { errno } from './file-error.ts';

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/** The locks that this process holds. In a container a new process often has the id of the one that died. */
const held = new Set<string>();

/**
 * Runs `work` while this process alone holds `<path>.lock`. A lock left by a process of this host that no longer
 * runs is taken over.
 * @param patience milliseconds to wait for another holder; 10,000 unless told
 * @throws {PosternError} exit 11, `code: 'file-locked'`
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, patience = 10_000): Promise<T> {
  const lock = `${path}.lock`;
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  await acquire(lock, owner, performance.now() + patience);
  try {
    return await work();
  } finally {
    // Taken over by mistake or removed by hand: the lock that is there now is not ours to remove.
    if ((await readOwner(lock))?.token === owner.token) await unlink(lock).catch(() => {});
    held.delete(owner.token);
  }
}

async function acquire(lock: string, owner: Owner, deadline: number): Promise<void> {
  while (!(await createLock(lock, owner))) {
    if (await removeStale(lock)) continue;
    if (performance.now() > deadline) {
      const holder = await readOwner(lock);
      const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
      throw locked(`${who} holds ${lock}`, {
        code: 'file-locked',
        hints: ['wait for it to end; if it surely no longer runs, remove that file'],
      });
    }
    await sleep(20 + Math.random() * 30);
  }
}

async function createLock(lock: string, owner: Owner): Promise<boolean> {
  // Before the file is there: others of this process see it at once, and would take it for a dead one's.
  held.add(owner.token);
  try {
    // With its content at once: a crash must not leave a lock that names nobody and blocks everybody.
    await writeFileAtomic(lock, JSON.stringify(owner), { when: 'create' });
    return true;
  } catch (error) {
    held.delete(owner.token);
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a dead process. Only one process at a time may judge, or one could remove a fresh lock. */
async function removeStale(lock: string): Promise<boolean> {
  if (!isDead(await readOwner(lock))) return false;
  const judge = `${lock}.judge`;
  try {
    await (await open(judge, 'wx', 0o600)).close();
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
    await removeOldJudge(judge);
    return false;
  }
  try {
    if (!isDead(await readOwner(lock))) return false;
    await unlink(lock);
    return true;
  } finally {
    await unlink(judge).catch(() => {});
  }
}

/** A judge lives for some file operations; one of a minute died in between. */
async function removeOldJudge(judge: string): Promise<void> {
  const found = await stat(judge).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs > 60_000) await unlink(judge).catch(() => {});
}

async function readOwner(lock: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Owner;
  } catch {
    // Gone, or not ours to understand.
    return undefined;
  }
}

function isDead(owner: Owner | undefined): boolean {
  if (owner === undefined || owner.host !== hostname()) return false;
  if (owner.pid === process.pid) return !held.has(owner.token);
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return errno(error) === 'ESRCH';
  }
}
