import { base64Lines } from './base64-lines.ts';
import type { Search } from './field-scanner.ts';
import type { ResidueForm } from './needles.ts';
import { type StreamScanner, streamScanner } from './stream-scanner.ts';

/**
 * Looks through bytes as they are, and through what parts of a message hold in base64: the needles know a name there in
 * small letters, in capitals and as it was given, and a message may have it in any.
 */
export function contentScanner(
  search: Search,
): Pick<StreamScanner, 'end'> & { feed(chunk: Uint8Array): void } {
  const plain = streamScanner(search);
  const decoded = streamScanner(search);
  const lines = base64Lines((bytes) => void decoded.feed(bytes));
  return {
    feed: (chunk) => {
      plain.feed(chunk);
      lines.feed(chunk);
    },
    end: () => {
      lines.end();
      // However the name stands in it: it is base64 that has it.
      const inBase64: readonly ResidueForm[] = decoded.end().size > 0 ? ['base64'] : [];
      return new Set([...plain.end(), ...inBase64]);
    },
  };
}
