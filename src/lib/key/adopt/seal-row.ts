import { timingSafeEqual } from 'node:crypto';
import { PosternError } from '../../base/error.ts';
import type { ColumnPlace } from '../../crypto/column-place.ts';
import { openColumnValue, readColumnValue, sealColumnValue } from '../../crypto/column-value.ts';
import type { BatchKeys } from '../keyring/data-keys.ts';
import type { AdoptRow } from './adopt-row.ts';

/** What stands in the encrypted column, compared with the value in clear. */
export type Compared = 'none' | 'same' | 'other' | { readonly problem: string };

type Name = Pick<ColumnPlace, 'table' | 'column'>;

/** Opens the encrypted value of a row and compares it with the one in clear. Nothing about a single value throws. */
export function compareTarget(
  { target, primaryKey, subject }: AdoptRow,
  plaintext: Uint8Array | null,
  name: Name,
  keys: BatchKeys,
): Compared {
  if (target === null) return 'none';
  if (subject === null) return { problem: 'subject-missing' };
  const parsed = readColumnValue(target);
  if (typeof parsed === 'string') return { problem: parsed };
  const key = keys.byId.get(parsed.keyId);
  if (key === undefined) return { problem: 'key-unknown' };
  if (key.version.subject !== subject) return { problem: 'key-of-another-subject' };
  if ('problem' in key) return key;
  try {
    const opened = openColumnValue(target, key.dataKey, { ...name, primaryKey, subject });
    const isSame = plaintext === null || areEqual(opened, plaintext);
    opened.fill(0);
    return isSame ? 'same' : 'other';
  } catch (error) {
    return { problem: codeOf(error) };
  }
}

/** Encrypts under the active key of the row's subject, and reads the result back before anything is written. */
export function sealRow(
  { primaryKey, subject }: AdoptRow,
  plaintext: Uint8Array,
  name: Name,
  keys: BatchKeys,
): { readonly value: Buffer; readonly keyId: string } | { readonly problem: string } {
  if (subject === null) return { problem: 'subject-missing' };
  const active = keys.active.get(subject);
  if (active === undefined) return { problem: 'key-not-active' };
  if ('problem' in active) return active;
  const place = { ...name, primaryKey, subject };
  const key = { id: active.version.id, dataKey: active.dataKey };
  try {
    const value = sealColumnValue(plaintext, key, place);
    const again = openColumnValue(value, active.dataKey, place);
    const isSame = areEqual(again, plaintext);
    again.fill(0);
    return isSame ? { value, keyId: key.id } : { problem: 'read-back' };
  } catch (error) {
    return { problem: codeOf(error) };
  }
}

const areEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

function codeOf(error: unknown): string {
  if (error instanceof PosternError && error.code !== undefined) return error.code;
  throw error;
}
