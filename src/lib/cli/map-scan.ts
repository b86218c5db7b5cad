import { isAbsolute, resolve } from 'node:path';
import { failure, usageError } from '../base/error.ts';
import { type Client, isConnectionLost } from '../base/postgres.ts';
import type { MapCheckResult } from '../platform/map/results.ts';
import type { LookOptions } from '../platform/map/scan/index.ts';
import type { PosternContext } from './context.ts';

/** Rows of a table that are read, unless told. */
const sampleRows = 20_000;
const mebibyte = 2 ** 20;
/** Bytes of values of one table, and milliseconds for it; with more rows, as many times more. */
const limits = { bytes: 32 * mebibyte, time: 20_000 };

export interface SampleFlags {
  readonly sample?: number | undefined;
  readonly 'no-sample'?: boolean;
}

/** How values are looked into; undefined with `--no-sample`. */
export function lookOptions(context: PosternContext, flags: SampleFlags): LookOptions | undefined {
  if (flags['no-sample'] === true) return undefined;
  const { progress, signal } = context;
  const { sample: rows = sampleRows } = flags;
  const scale = Math.max(1, rows / sampleRows);
  return { limits: { rows, bytes: limits.bytes * scale, time: limits.time * scale }, progress, signal };
}

/** Runs `work` with a reading session of the platform database, which ends with the work or when somebody stops it. */
export async function withPlatformReading<T>(
  context: PosternContext,
  purpose: string,
  work: (db: Client) => Promise<T>,
): Promise<T> {
  const { openPlatform } = await import('../platform/connection.ts');
  const db = await openPlatform(await context.platformUrl(), { purpose, lockTimeout: 2000 });
  const stop = () => void db.end().catch(() => {});
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    return await work(db);
  } catch (error) {
    context.signal.throwIfAborted();
    throw isConnectionLost(error) ? connectionLost(error) : error;
  } finally {
    context.signal.removeEventListener('abort', stop);
    await db.end().catch(() => {});
  }
}

/** A line for each thing that could not be looked at. */
export function unseenLines(unseen: readonly MapCheckResult['unseen'][number][]): readonly string[] {
  return unseen.map(
    ({ table, column, reason }) =>
      `${column === null ? table : `${table}.${column}`} could not be looked at: ${reason}`,
  );
}

const connectionLost = (cause: unknown) =>
  failure('the platform database ended the connection', {
    code: 'database-lost',
    cause,
    hints: ['the log of the server says who or what ended it; then run this again'],
  });

/** The file that a draft goes to. @throws {PosternError} exit 2 `file-exists` */
export async function freshFile(path: string): Promise<string> {
  const file = isAbsolute(path) ? path : resolve(path);
  const { access } = await import('node:fs/promises');
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw fileExists(file);
  return file;
}

/** Writes the draft, whole or not at all. @throws {PosternError} exit 2 `file-exists`, also where it came meanwhile */
export async function writeDraft(file: string, text: string): Promise<void> {
  const { writeFileAtomic } = await import('../base/atomic-file.ts');
  try {
    await writeFileAtomic(file, text, { mode: 0o644, when: 'create' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw fileExists(file);
    throw usageError(`the draft cannot be written to ${file}`, {
      code: 'file-unwritable',
      cause: error,
      hints: ['name another file, or leave --output out to print it'],
    });
  }
}

const fileExists = (file: string) =>
  usageError(`${file} exists, and a draft never overwrites a map`, {
    code: 'file-exists',
    hints: ['name another file and compare the two, or move the old one away'],
  });
