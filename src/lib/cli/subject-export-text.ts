import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import type { ExportOptions } from '../subject/export/index.ts';
import type { SubjectExportResult } from '../subject/export/results.ts';
import type { Column } from './table.ts';

export const exportColumns: readonly Column<SubjectExportResult['tables'][number]>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'whose', value: (row) => row.class },
  { header: 'rows', value: ({ rows }) => rows, align: 'right' },
  { header: 'messages', value: ({ messages }) => messages, align: 'right' },
  { header: 'objects', value: ({ objects }) => objects, align: 'right' },
];

/** Who can read an archive. @param encryptedFor a fingerprint, `passphrase`, or null */
export function sealedLine(encryptedFor: string | null): string {
  if (encryptedFor === null) return 'in clear: whoever gets hold of it can read it';
  return encryptedFor === 'passphrase'
    ? 'encrypted with the passphrase, as gpg --symmetric does'
    : `encrypted for ${encryptedFor}`;
}

/** What was written, in words; on standard error, beside the table. */
export function exportLines(result: SubjectExportResult): readonly string[] {
  const { archives, encryptedFor, mentions, masked, disclosed, review } = result;
  const named = mentions.reduce((sum, { rows }) => sum + rows, 0);
  return [
    ...archives.map(
      ({ file, bytes, files }) => `${file}: ${counted(files, 'file')}, ${formatByteSize(bytes)}, read back`,
    ),
    sealedLine(encryptedFor),
    ...(named === 0
      ? []
      : [
          `${counted(named, 'row')} of others ${named === 1 ? 'names' : 'name'} the person: counted, not given out`,
        ]),
    ...(masked.length === 0
      ? []
      : [`masked: ${masked.map(({ kind, count }) => `${count.toLocaleString('en')} ${kind}`).join(', ')}`]),
    ...(disclosed === 0 ? [] : [`given out by decision: ${disclosed.toLocaleString('en')}`]),
    ...(review.open === 0
      ? []
      : [
          `${counted(review.open, 'item')} of these ${review.open === 1 ? 'waits' : 'wait'} for a decision: fill in ${review.file ?? ''}, and export once more with --review`,
        ]),
  ];
}

const reasons: Readonly<Record<string, string>> = {
  'object-missing': 'the store has no object of that name',
  'object-unreadable': 'the store cannot be read',
  'no-store': 'no store is configured for the bucket: name it under subjects.buckets',
  'too-large': 'a message or a value of more than 256 MiB',
  sealed: 'encrypted in a way that only the application can undo',
  'key-destroyed': 'encrypted under a key that was destroyed',
  'key-unknown': 'encrypted under a key that no keyring has',
  unreadable: 'the table cannot be read',
};

const missingLine = ({ table, why, count }: SubjectExportResult['missing'][number]): string =>
  `${table}: ${count.toLocaleString('en')} not exported: ${reasons[why] ?? why}`;

/** What a person must see, whatever else they look at. */
export function exportWarnings(
  { missing, review, archives }: SubjectExportResult,
  { splitAt = Infinity }: Pick<ExportOptions, 'splitAt'>,
): readonly string[] {
  return [
    ...missing.map(missingLine),
    ...(review.unused === 0
      ? []
      : [
          `${counted(review.unused, 'decision')} of the review file matched nothing: what was decided on has changed`,
        ]),
    ...archives
      .filter(({ bytes }) => bytes > splitAt)
      .map(({ file }) => `${file} is larger than --split: one file of it alone is`),
  ];
}
