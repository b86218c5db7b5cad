import { contentScanner } from './content-scanner.ts';
import type { Search } from './field-scanner.ts';
import { inflaterFor, magicLength } from './inflate.ts';
import type { ResidueForm } from './needles.ts';

export interface ScannedBody {
  readonly forms: ReadonlySet<ResidueForm>;
  /** As they came. */
  readonly bytes: number;
  /** Why what is compressed could not be opened to its end. */
  readonly unopened: string | undefined;
  /** What ended it early; what came before was looked through. */
  readonly failed?: unknown;
}

/** Looks through one body after the other. What is compressed (gzip, zstd) is looked through as it is, and opened. */
export type BodyScanner = (body: AsyncIterable<Uint8Array>) => Promise<ScannedBody>;

export function bodyScanner(search: Search): BodyScanner {
  const outer = contentScanner(search);
  const inner = contentScanner(search);
  return async (body) => {
    let bytes = 0;
    // The first bytes may come one by one.
    let head: Buffer | undefined = Buffer.alloc(0);
    let inflater: ReturnType<typeof inflaterFor>;
    let failed: unknown;
    const begin = async (first: Buffer): Promise<void> => {
      head = undefined;
      inflater = inflaterFor(first, (chunk) => inner.feed(chunk));
      await inflater?.feed(first);
    };
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        outer.feed(chunk);
        if (head === undefined) await inflater?.feed(chunk);
        else {
          head = Buffer.concat([head, chunk]);
          if (head.length >= magicLength) await begin(head);
        }
      }
      if (head !== undefined) await begin(head);
    } catch (error) {
      failed = error;
    }
    const unopened = await inflater?.end();
    return {
      forms: new Set([...outer.end(), ...inner.end()]),
      bytes,
      unopened,
      ...(failed !== undefined && { failed }),
    };
  };
}
