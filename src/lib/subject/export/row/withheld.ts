import type { Masking, MaskPlace } from '../masking.ts';
import type { FetchedObject } from './objects.ts';
import type { ObjectField, TableTask } from './table-task.ts';

/** Whether somebody has to look at an object first. One that is too large to stand in memory is told by its size. */
export async function isWithheld(
  masking: Masking,
  {
    task,
    field: { field, bucket, review },
    values,
  }: {
    readonly task: TableTask;
    readonly field: ObjectField;
    readonly values: readonly (Buffer | null)[];
  },
  found: Exclude<FetchedObject, { missing: unknown }>,
  place: Pick<MaskPlace, 'table' | 'key'>,
): Promise<boolean> {
  if (review === undefined && !isAttachedMessage(task, values)) return false;
  const seen = 'content' in found ? found.content : Buffer.from(`${bucket}: ${found.size} bytes`);
  const note =
    review === undefined
      ? masking.mask({ ...place, field }, 'forwarded-message', 0, seen)
      : masking.mask({ ...place, field, why: review }, 'internal-note', 0, seen);
  if (note === undefined) return false;
  if ('stream' in found) await found.stream[Symbol.asyncIterator]().return?.();
  return true;
}

/** Names of files and types are no longer. */
const longestName = 1000;

/**
 * Whether a row is a part of a message that is a message itself, as its name or its type tells (RFC 2046 §5.2.1): where the
 * message holds it, it is asked about too.
 */
export function isAttachedMessage(
  { beside, columns }: Pick<TableTask, 'beside' | 'columns'>,
  values: readonly (Buffer | null)[],
): boolean {
  if (beside === undefined) return false;
  return columns.some(({ form }, index) => {
    const value = values[index] ?? null;
    if (form !== 'text' || value === null || value.byteLength > longestName) return false;
    return /\.(?:eml|msg)\s*$|^\s*message\/(?:rfc822|global)\b/i.test(value.toString());
  });
}

/** What messages of Outlook begin with: compound files ([MS-CFB] 2.2). */
const compoundFile = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/** Whether bytes begin as a header does, or as a message of Outlook. */
export const isMessageContent = (bytes: Buffer): boolean =>
  bytes.subarray(0, compoundFile.byteLength).equals(compoundFile) ||
  /^[!-9;-~]+[ \t]*:/.test(bytes.toString('latin1', 0, 200));
