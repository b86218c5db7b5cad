import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, usageError } from '../base/error.ts';
import type { AuditAnchor } from './append.ts';

const anchor = z.object({ seq: z.number().int().positive(), hash: z.string().regex(/^[0-9a-f]{64}$/) });
const saved = z.union([
  anchor,
  z.object({ head: anchor }).transform(({ head }) => head),
  z.object({ result: z.object({ head: anchor }) }).transform(({ result }) => result.head),
]);

/**
 * Reads an anchor as a person gives it: `SEQ:HASH`, or a file with `{"seq", "hash"}` or with the whole output of
 * `audit verify --json`.
 * @throws {PosternError} exit 2, `code: 'anchor-unreadable'`
 */
export async function readAnchor(given: string): Promise<AuditAnchor> {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(given) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  try {
    const { seq: number, hash: sha256 } = saved.parse(JSON.parse(await readFile(given, 'utf8')));
    return { seq: number, hash: sha256 };
  } catch (cause) {
    throw usageError(
      `${given} is no anchor: ${cause instanceof z.ZodError ? 'it holds no head' : messageOf(cause)}`,
      {
        code: 'anchor-unreadable',
        cause,
        hints: ['give SEQ:HASH, or a file that `postern audit verify --json` wrote'],
      },
    );
  }
}
