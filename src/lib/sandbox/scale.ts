import { usageError } from '../base/error.ts';

export const defaultMessages = 1_000;
const smallest = 1_000;
const largest = 10_000_000;

/**
 * Reads `1k`, `50k`, `1M` or `20000` as a number of messages.
 * @throws {PosternError} exit 2 when it is not a number from 1 k to 10 M
 */
export function parseScale(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k|m)?$/i.exec(text.trim());
  const unit = { k: 1e3, m: 1e6 }[(match?.[2] ?? '').toLowerCase()] ?? 1;
  const messages = match === null ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (messages >= smallest && messages <= largest) return messages;
  throw usageError(`${JSON.stringify(text)} is not a scale`, {
    code: 'sandbox-scale',
    hints: ['give the number of messages, from 1k to 10M: 50k'],
  });
}
