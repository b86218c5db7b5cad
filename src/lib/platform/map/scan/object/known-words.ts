import type { Relation } from '../../../catalog/index.ts';

/** What people call folders of a store. Any other word may be somebody's name. */
const usual =
  `account archive asset attachment avatar backup blob body bodies bounce box cache calendar cold contact content copy
  customer data dev doc document draft dump email eml error event export failed file folder header hot html image img
  import in inbound inbox incoming invoice item json log logo mail mailbox media message meta mime msg new object old org
  original out outbound outbox outgoing part pending photo picture private processed prod production public quarantine
  queue raw received report sent shared small spam spool staging static store storage tenant test text thumb thumbnail
  tmp temp transcript upload user v v1 v2 vcard webhook`.split(/\s+/);

/** Endings that say what a file is. */
const endings = new Set(
  `asc bin bz2 csv dat enc eml gif gpg gz html ics jpeg jpg json jsonl log mbox md msg p7m pdf pgp png svg tar tgz txt vcf
  webp xml xz yaml yml zip zst`.split(/\s+/),
);

/** Words that may be shown: the usual ones, and names of the database. */
export interface KnownWords {
  isWord(text: string): boolean;
  isEnding(text: string): boolean;
}

export function knownWords(relations: readonly Relation[]): KnownWords {
  const words = new Set(usual);
  for (const { schema, name, columns } of relations)
    for (const text of [schema, name, ...columns.map((column) => column.name)]) words.add(text.toLowerCase());
  const isOne = (text: string): boolean =>
    [text, text.replace(/s$/, ''), text.replace(/es$/, ''), `${text}s`].some((form) => words.has(form));
  return {
    isWord: (text) => isOne(text.toLowerCase()) || text.toLowerCase().split(/[-_.]/).every(isOne),
    isEnding: (text) => endings.has(text.toLowerCase()),
  };
}
