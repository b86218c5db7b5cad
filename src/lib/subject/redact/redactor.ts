import type { Identity } from '../identity/identities.ts';
import { packedIn } from '../identity/packed.ts';
import { inBase64 } from './base64.ts';
import { rewrittenBy } from './edits.ts';
import { type JsonRule, redactJson } from './json-document.ts';
import { inContentLines } from './lines/content-lines.ts';
import { inAddressList } from './mail/address-list.ts';
import { inMessage, isMessageInBase64 } from './mail/message.ts';
import type { NameSet } from './name-set.ts';
import { isOfTokens, type Parser } from './parser.ts';
import { type Replacing, replaced } from './replacing.ts';

/** Takes persons' names out of stored values, and leaves every other byte as it was. Pure: asks no database. */
export interface Redactor {
  /**
   * A stored text, or the bytes of a bytea, with every address of the persons replaced; undefined where none stands
   * there. What is malformed is treated as plain text; never throws.
   * @param identity by which addresses are compared: `normalise` and `variants`
   */
  inside(value: Buffer, parser: Parser, identity: Identity): Buffer | undefined;
  /** An array without the elements that are the persons'; undefined where none is. */
  elements(values: readonly (string | null)[], identity: Identity): readonly (string | null)[] | undefined;
  /**
   * A document (json, or the text of jsonb) after these rules; undefined where nothing in it is theirs.
   * @throws {PosternError} exit 2, `json-path-unsupported`, for a path beyond keys, `[*]`, `[n]`, `.*` and `.**`;
   *   exit 2, `json-invalid`, for what is no JSON
   */
  json(text: string, rules: readonly JsonRule[]): string | undefined;
  /** What stands in place of a whole value: the placeholder for an address, the text for others; undefined if not theirs. */
  scalar(value: string, identity: Identity): string | undefined;
}

/** What stands where a name was. */
export interface Placeholders {
  /** In place of an address: a valid one, so that what reads the value still can (RFC 2606: `erased@erased.invalid`). */
  readonly placeholder: string;
  /** In place of anything else: `erased`. */
  readonly text: string;
  /** Whether the name beside an address in mail, a calendar or a card goes with it: `removed` unless told. */
  readonly displayNames?: 'removed' | 'kept';
}

const parsers: Readonly<Record<Parser, (content: string, replacing: Replacing) => string | undefined>> = {
  rfc5322: inMessage,
  'address-list': inAddressList,
  vcard: inContentLines,
  icalendar: inContentLines,
  base64: (content, replacing) =>
    rewrittenBy(content, [
      (encoded) =>
        isMessageInBase64(encoded)
          ? inMessage(encoded, replacing)
          : inBase64(encoded, (inner) => replaced(replacing, inner)),
      (encoded) => replaced(replacing, encoded),
    ]),
  json: (content, replacing) => replaced(replacing, content),
  html: (content, replacing) => replaced(replacing, content),
  text: (content, replacing) => replaced(replacing, content),
};

export function redactor(
  names: NameSet,
  { placeholder, text, displayNames = 'removed' }: Placeholders,
): Redactor {
  const inContent = (content: string, parser: Parser, identity: Identity): string | undefined =>
    parsers[parser](content, {
      addresses: names.addresses(identity),
      placeholder,
      text,
      names: displayNames,
    });
  const standIn = (identity: Identity | undefined): string =>
    identity?.kind === 'email' ? placeholder : text;
  return {
    inside: (value, parser, identity) => {
      const packed = packedIn(value);
      if (packed !== undefined) {
        const inner = inContent(
          packed.content.toString('latin1'),
          parser === 'base64' ? 'text' : parser,
          identity,
        );
        if (inner !== undefined) return packed.pack(Buffer.from(inner, 'latin1'));
      }
      const redacted = inContent(value.toString('latin1'), parser, identity);
      return redacted === undefined ? undefined : Buffer.from(redacted, 'latin1');
    },
    elements: (values, identity) => {
      const others = values.filter((value) => value === null || !names.has(identity, value));
      return others.length === values.length ? undefined : others;
    },
    json: (content, rules) =>
      redactJson(content, rules, {
        isTheirs: (value, identity) => names.has(identity, value),
        placeholder: standIn,
        inside: (source, parser, identity) =>
          identity === undefined ? undefined : inJsonString(source, parser, identity),
      }),
    scalar: (value, identity) => (names.has(identity, value) ? standIn(identity) : undefined),
  };

  function inJsonString(source: string, parser: Parser, identity: Identity): string | undefined {
    // Where addresses are tokens they are found as they are written here, and all else stays as it is.
    const isTokens = isOfTokens(parser);
    const content = isTokens ? source : (JSON.parse(source) as string);
    const redacted = inContent(Buffer.from(content).toString('latin1'), parser, identity);
    if (redacted === undefined) return undefined;
    const written = Buffer.from(redacted, 'latin1').toString();
    return isTokens ? written : JSON.stringify(written);
  }
}
