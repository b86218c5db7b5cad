import type { ModelTable } from '../../../platform/map/index.ts';
import { isSecret } from './column.ts';

/** Where the messages of a table are. */
export interface MailColumns {
  /** The field whose object is the whole message. */
  readonly object: string | undefined;
  /** The column with the header, or with the whole message. */
  readonly header: string | undefined;
  readonly body: string | undefined;
}

/**
 * Where a table keeps messages; undefined where it keeps none. An object of the format `eml` is a whole message; in its
 * absence, or where a row has none, the first column parsed as `rfc5322` is the header, and the next one, or one of
 * `text` or `html` or an encrypted one, the body. A single one is a whole message. What is never given out, or only once a person has looked at it, is no part
 * of a message.
 * @param opened encrypted columns that can be decrypted
 */
export function mailColumns(
  { fields }: ModelTable,
  opened: ReadonlySet<string> = new Set(),
): MailColumns | undefined {
  const given = fields.filter(([, { category, review }]) => !isSecret(category) && review === undefined);
  const open = given.filter(
    ([name, { type, encrypted, hmac }]) =>
      type !== undefined && hmac === undefined && (encrypted === undefined || opened.has(name)),
  );
  const object = given.find(([, field]) => field.object?.format === 'eml')?.[0];
  const [header, next] = open.filter(([, { parser }]) => parser === 'rfc5322').map(([name]) => name);
  if (object === undefined && header === undefined) return undefined;
  const text = open.find(
    ([, { parser, category, encrypted }]) =>
      (parser === 'text' || parser === 'html' || (parser === undefined && encrypted !== undefined)) &&
      (category ?? 'user.content').startsWith('user.content'),
  )?.[0];
  return { object, header, body: header === undefined ? undefined : (next ?? text) };
}
