import { createHash } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { canonicalJson } from '../../../crypto/canonical-json.ts';
import { outExists } from '../archive/archive.ts';
import { openSpool } from '../archive/spool.ts';
import type { Decision, ReviewItem } from './item.ts';

/** Characters of an item that its reviewer is shown. */
const excerptSize = 2000;

export interface ReviewQuestion extends Pick<ReviewItem, 'kind' | 'table' | 'field' | 'why'> {
  readonly key: readonly string[];
  /** Which one of the field, where it may hold several. */
  readonly index: number;
  readonly content: Buffer;
}

/** Asks what was decided, and gathers what was not. */
export interface Review {
  /** How many items are still open. */
  readonly open: number;
  /** How many decisions were about something that is in this export. */
  readonly used: number;
  /** @returns its id, and the decision if there is one; without one it is masked, and waits */
  ask(question: ReviewQuestion): { readonly id: string; readonly decision: Decision | undefined };
  /** Brings what was asked so far to where it waits; to be awaited now and then. */
  settle(): Promise<void>;
  /**
   * Writes the items to a file, mode 0600: the open ones, and what was decided of the others.
   * @throws {PosternError} exit 2, `out-exists`
   */
  write(path: string, temporary: string): Promise<void>;
  close(): Promise<void>;
}

/** @param folder where what is open waits, unreadable for others */
export async function openReview(folder: string, decisions: ReadonlyMap<string, Decision>): Promise<Review> {
  const spool = await openSpool(folder);
  const used = new Set<string>();
  let waiting: Buffer[] = [];
  let items = 0;
  let count = 0;
  return {
    get open() {
      return count;
    },
    get used() {
      return used.size;
    },
    ask({ index, content, ...place }) {
      const id = createHash('sha256')
        .update(canonicalJson({ ...place, key: [...place.key], index }))
        .update(content)
        .digest('hex');
      const decision = decisions.get(id);
      const excerpt = content
        .subarray(0, excerptSize * 4)
        .toString()
        .slice(0, excerptSize)
        .toWellFormed();
      // What was decided stands in the next file too, so that nobody has to put two together.
      const { decision: decided = null, reason = null } = decision ?? {};
      const item: ReviewItem = { id, ...place, key: [...place.key], excerpt, decision: decided, reason };
      waiting.push(Buffer.from(`${items === 0 ? '' : ',\n'}${JSON.stringify(item, undefined, 2)}`));
      items += 1;
      if (decision === undefined) count += 1;
      else used.add(id);
      return { id, decision };
    },
    async settle() {
      const lines = waiting;
      waiting = [];
      for (const line of lines) await spool.write(line);
    },
    async write(path, temporary) {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.write('{"format": "urn:postern:format:subject-review:v1", "items": [\n');
        for await (const piece of spool.read()) await handle.writeFile(piece);
        await handle.write('\n]}\n');
        await handle.sync();
        await link(temporary, path).catch((cause: unknown) => {
          throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? outExists(path, cause) : cause;
        });
      } finally {
        await handle.close();
        await unlink(temporary).catch(() => {});
      }
    },
    close: () => spool.close(),
  };
}
