import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { usageError } from '../../../base/error.ts';
import { fileProblem } from '../../../base/file-problem.ts';
import { type Decision, reviewFile } from './item.ts';

/**
 * The decisions of a review file that a person filled in, by the items' ids. Items that are still open have none.
 * @throws {PosternError} exit 2: `file-unreadable`, `review-invalid`, `review-reason-missing`
 */
export async function readDecisions(path: string): Promise<ReadonlyMap<string, Decision>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw usageError(`the review file ${path} cannot be read: ${fileProblem(cause)}`, {
      code: 'file-unreadable',
      cause,
    });
  });
  const { items } = parsed(path, text);
  const decisions = new Map<string, Decision>();
  for (const [index, { id, decision, reason }] of items.entries()) {
    if (decision === null) continue;
    if (reason === null || reason.trim() === '') {
      throw usageError(`${path}: item ${index + 1} is decided without a reason`, {
        code: 'review-reason-missing',
        hints: ['say why, in "reason": the decision has to be accounted for (GDPR, Articles 5(2) and 15(4))'],
      });
    }
    const before = decisions.get(id)?.decision;
    if (before !== undefined && before !== decision)
      throw invalid(path, `item ${index + 1} is there twice, and decided in both ways`);
    decisions.set(id, { decision, reason: reason.trim() });
  }
  return decisions;
}

function parsed(path: string, text: string): z.infer<typeof reviewFile> {
  const result = reviewFile.safeParse(jsonOf(path, text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(path, issue === undefined ? 'unknown form' : `${issue.path.join('.')}: ${issue.message}`);
}

function jsonOf(path: string, text: string): unknown {
  try {
    // Some editors write a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's own error quotes the text, and the text is personal.
    throw invalid(path, 'it is not JSON');
  }
}

const invalid = (path: string, why: string): Error =>
  usageError(`${path} is not a review file: ${why}`, {
    code: 'review-invalid',
    hints: ['give the file that `postern subject export` wrote, with decision and reason filled in'],
  });
