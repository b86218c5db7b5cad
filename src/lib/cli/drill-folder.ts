import { randomInt } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'postern-drill-';
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const noteFile = 'drill.json';

/** Whose folder it is: written before anything else comes into it. */
interface Note {
  readonly host: string;
  readonly pid: number;
  readonly kept: boolean;
}

/** A place for a folder, so that a watcher knows it before there is anything to watch. */
export async function drillFolderPath(): Promise<string> {
  const name = Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join('');
  return join(await realpath(tmpdir()), prefix + name);
}

/** Makes a folder for an embedded server; other users can pass through, and see nothing. */
export async function makeDrillFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await writeNote(folder, { host: hostname(), pid: process.pid, kept: false });
  // PostgreSQL refuses root: its own user must reach the data folder.
  await mkdir(join(folder, 'server'), { mode: 0o711 });
  await chmod(folder, 0o711);
}

export function dataDirectoryOf(folder: string): string {
  return join(folder, 'server', 'data');
}

/** Lets the folder outlive its drill. */
export async function keepDrillFolder(folder: string): Promise<void> {
  await writeNote(folder, { host: hostname(), pid: process.pid, kept: true });
}

/**
 * Removes the folders of drills that were killed together with their watcher, by a power cut for example; a server
 * that still runs in one is stopped first.
 * @param kept `too`: also those that somebody wanted to look at
 * @returns the folders that are gone
 */
export async function removeDeadDrillFolders(kept: 'too' | 'not'): Promise<readonly string[]> {
  const { stopPostmaster } = await import('../sandbox/postmaster.ts');
  const parent = await realpath(tmpdir());
  const removed: string[] = [];
  for (const name of await readdir(parent)) {
    if (!/^postern-drill-[A-Za-z0-9]{6}$/.test(name)) continue;
    const folder = join(parent, name);
    const note = await readNote(folder);
    const isDead = note !== undefined && note.host === hostname() && !isAlive(note.pid);
    if (note === undefined || !(note.kept ? kept === 'too' : isDead)) continue;
    await stopPostmaster(dataDirectoryOf(folder));
    await rm(folder, { recursive: true, force: true });
    removed.push(folder);
  }
  return removed;
}

async function writeNote(folder: string, note: Note): Promise<void> {
  await writeFile(join(folder, noteFile), JSON.stringify(note), { mode: 0o600 });
}

async function readNote(folder: string): Promise<Note | undefined> {
  try {
    const note: Partial<Note> = JSON.parse(await readFile(join(folder, noteFile), 'utf8'));
    const { host, pid, kept } = note;
    return host === undefined || pid === undefined || kept === undefined ? undefined : { host, pid, kept };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
