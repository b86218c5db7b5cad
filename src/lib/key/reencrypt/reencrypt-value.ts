import { timingSafeEqual } from 'node:crypto';
import { PosternError } from '../../base/error.ts';
import type { ColumnPlace } from '../../crypto/column-place.ts';
import { openColumnValue, readColumnValue, sealColumnValue } from '../../crypto/column-value.ts';
import type { BatchKeys } from '../keyring/data-keys.ts';
import type { ValueRow } from './value-row.ts';

/** What becomes of one value. */
export type ValueOutcome =
  | { readonly kind: 'current' }
  /** Its key was destroyed on purpose: nobody can read it, and that is how it stays. */
  | { readonly kind: 'shredded' }
  | { readonly kind: 'changed'; readonly value: Buffer; readonly keyId: string }
  /** It cannot be encrypted again: a code that says why. It stays as it is. */
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Encrypts a value again under the active key of its subject, and reads the result back before anything is written.
 * Nothing about a single value throws.
 */
export function reencryptValue(
  { value, primaryKey, subject }: ValueRow,
  name: Pick<ColumnPlace, 'table' | 'column'>,
  keys: BatchKeys,
): ValueOutcome {
  const parsed = readColumnValue(value);
  if (typeof parsed === 'string') return refused(parsed);
  if (subject === null) return refused('subject-missing');
  const old = keys.byId.get(parsed.keyId);
  if (old?.version.subject === subject && old.version.state === 'destroyed') return { kind: 'shredded' };
  const active = keys.active.get(subject);
  if (active === undefined) return refused('key-not-active');
  if (parsed.keyId === active.version.id) return { kind: 'current' };
  if (old === undefined) return refused('key-unknown');
  if (old.version.subject !== subject) return refused('key-of-another-subject');
  if ('problem' in old) return refused(old.problem);
  if ('problem' in active) return refused(active.problem);
  const place = { ...name, primaryKey, subject };
  let plaintext: Buffer | undefined;
  try {
    plaintext = openColumnValue(value, old.dataKey, place);
    const changed = sealColumnValue(plaintext, { id: active.version.id, dataKey: active.dataKey }, place);
    const again = openColumnValue(changed, active.dataKey, place);
    const isSame = again.length === plaintext.length && timingSafeEqual(again, plaintext);
    again.fill(0);
    return isSame ? { kind: 'changed', value: changed, keyId: active.version.id } : refused('read-back');
  } catch (error) {
    if (error instanceof PosternError && error.code !== undefined) return refused(error.code);
    throw error;
  } finally {
    plaintext?.fill(0);
  }
}

const refused = (reason: string): ValueOutcome => ({ kind: 'refused', reason });
