import { createHash } from 'node:crypto';
import { type Random, randomBytesFrom, randomFor } from './random.ts';
import type { World } from './world.ts';

/** A file that came with a message; its bytes lie in the object store under `objectKey`. */
export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
  /** Lowercase hex. */
  readonly sha256: string;
  readonly objectKey: string;
}

const pixel = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** The one or two attachments of a message in the object store. */
export function attachmentsOf(world: World, tenantId: number, messageIndex: number): readonly Attachment[] {
  const random = randomFor(world.seed, 'attachment', messageIndex);
  return Array.from({ length: 1 + random.below(2) }, () => attachment(world, random, tenantId));
}

function attachment(world: World, random: Random, tenantId: number): Attachment {
  const { filename, contentType, content } = random.pick(makers)(world, random, tenantId);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { filename, contentType, content, sha256, objectKey: `attachment/${tenantId}/${sha256}` };
}

type Maker = (
  world: World,
  random: Random,
  tenantId: number,
) => Pick<Attachment, 'filename' | 'contentType' | 'content'>;

const makers: readonly Maker[] = [
  ({ prose }, random) => ({
    filename: `${prose.word(random)}-${prose.word(random)}.txt`,
    contentType: 'text/plain',
    content: Buffer.from(prose.paragraph(random, 20 + random.below(80))),
  }),
  ({ prose }, random) => ({
    filename: `${prose.word(random)}.png`,
    contentType: 'image/png',
    content: Buffer.concat([pixel, randomBytesFrom(random, 2_000 + random.below(30_000))]),
  }),
  ({ prose }, random) => ({
    filename: `Übersicht ${prose.word(random)}.csv`,
    contentType: 'text/csv',
    content: Buffer.from(
      Array.from(
        { length: 40 },
        (_, row) => `${row};${prose.words(random, 2)};${random.below(10_000)}\r\n`,
      ).join(''),
    ),
  }),
  // The same file for everybody in a tenant: one object that many messages share.
  (_, __, tenantId) => ({
    filename: 'terms.pdf',
    contentType: 'application/pdf',
    content: Buffer.from(
      `%PDF-1.4\n% terms of tenant ${tenantId}\n${'0 0 m 10 10 l S\n'.repeat(100)}%%EOF\n`,
    ),
  }),
];
