import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Retention, StoredObject } from '../object-store.ts';
import { errno } from './file-error.ts';

/**
 * One version of an object, as kept in `<sequence>.json`. The file's name makes the commit exclusive (two writers
 * cannot both create number 7); its `check` finds a changed byte in the record itself.
 */
export interface ObjectRecord {
  readonly key: string;
  readonly kind: 'object' | 'delete-marker';
  readonly versionId: string;
  readonly size: number;
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly modified: string;
  readonly contentType?: string;
  readonly retention?: { readonly mode: Retention['mode']; readonly until: string };
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A record and its place in the object's history. */
export interface FoundVersion {
  readonly sequence: number;
  readonly record: ObjectRecord;
}

const recordName = /^(\d{10})\.json$/;

export function recordFile(folder: string, sequence: number): string {
  return join(folder, `${String(sequence).padStart(10, '0')}.json`);
}

export function dataFile(folder: string, versionId: string): string {
  return join(folder, `${versionId}.data`);
}

/** The sequence numbers of an object's versions, newest first; empty when the folder is not there. */
export async function listSequences(folder: string): Promise<number[]> {
  try {
    return sequencesOf(await readdir(folder));
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The sequence numbers among the file names of an object's folder, newest first. */
export function sequencesOf(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => {
    const digits = recordName.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return numbers.toSorted((a, b) => b - a);
}

export function encodeRecord(record: ObjectRecord): string {
  return `${JSON.stringify({ ...record, check: checkOf(record) })}\n`;
}

/**
 * Reads one record; undefined when it was deleted meanwhile.
 * @throws {CorruptRecord} when it is not what `encodeRecord` wrote
 */
export async function readRecord(folder: string, sequence: number): Promise<ObjectRecord | undefined> {
  const path = recordFile(folder, sequence);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
  const { check, ...record } = parseObject(text, path);
  if (check !== checkOf(record)) throw new CorruptRecord(`its record ${path} was changed`);
  return record as unknown as ObjectRecord;
}

/** Thrown for a record that cannot be trusted; the store names the key and turns it into exit 5. */
export class CorruptRecord extends Error {}

export function toStored(record: ObjectRecord): StoredObject {
  return {
    key: record.key,
    size: record.size,
    versionId: record.versionId,
    sha256: record.sha256,
    modified: new Date(record.modified),
    ...(record.retention && {
      retention: { mode: record.retention.mode, until: new Date(record.retention.until) },
    }),
    ...(record.contentType !== undefined && { contentType: record.contentType }),
    ...(record.metadata && { metadata: record.metadata }),
  };
}

function parseObject(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the one answer for everything unreadable.
  }
  throw new CorruptRecord(`its record ${path} cannot be read`);
}

function checkOf(record: object): string {
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}
