/**
 * Ends of file names. Behind an address they are no part of its domain: `ann@example.org.eml` is a file of Ann's.
 * Some are top-level domains too (`zip`, `md`); a file is what they nearly always are.
 */
export const fileExtensions: ReadonlySet<string> = new Set(
  `7z asc bak bin bz2 csv dat db doc docx dump enc eml gif gpg gz htm html ics ical jpeg jpg json jsonl log lz4 mbox md
  msg ndjson ods odt old p7m p7s pdf pgp png pst rar rtf sql svg tar tgz tmp tsv txt vcard vcf webp xls xlsx xml xz yaml
  yml zip zst`.split(/\s+/),
);

export const longestExtension = 6;

/** @param label in small letters */
export const isFileExtension = (label: string): boolean => fileExtensions.has(label);
