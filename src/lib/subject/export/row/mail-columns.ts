import type { ModelTable } from '../../../platform/map/index.ts';
import type { BodyType } from '../message/fitting-header.ts';
import { isSecret } from './column.ts';

/** Where the messages of a table are. */
export interface MailColumns {
  /** The field whose object is the whole message. */
  readonly object: string | undefined;
  /** The column with the header, or with the whole message. */
  readonly header: string | undefined;
  readonly body: string | undefined;
  /** What the body is where it is kept as the text that people read, and not as it travelled. */
  readonly bodyAs?: BodyType | undefined;
  /** Another such column, for rows in which the first is NULL. */
  readonly other?: { readonly column: string; readonly as: BodyType } | undefined;
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
  const texts = open.filter(
    ([, { parser, category, encrypted }]) =>
      (parser === 'text' || parser === 'html' || (parser === undefined && encrypted !== undefined)) &&
      (category ?? 'user.content').startsWith('user.content'),
  );
  if (header === undefined || next !== undefined) return { object, header, body: next };
  const [first, other] = texts.map(([column, { parser }]) => ({ column, as: bodyTypes.get(parser ?? '') }));
  return {
    object,
    header,
    body: first?.column,
    bodyAs: first?.as,
    other: first?.as === undefined || other?.as === undefined ? undefined : { ...other, as: other.as },
  };
}

const bodyTypes: ReadonlyMap<string, BodyType> = new Map([
  ['text', 'text/plain'],
  ['html', 'text/html'],
]);
