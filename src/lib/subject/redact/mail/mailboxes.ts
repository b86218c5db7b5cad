import { type AddressToken, addressTokens } from './address-tokens.ts';

/** A mailbox of an address list, by where it stands: `"Ann Example" <ann@example.org> (home)`. */
export interface Mailbox {
  /** Without the white space around it. */
  readonly from: number;
  readonly to: number;
  /** `<ann@example.org>`, where it has that. */
  readonly angle?: { readonly from: number; readonly to: number };
  /** As the address says without white space, comments, quotes and route; undefined where there is none. */
  readonly address?: { readonly local: string; readonly domain: string };
}

/**
 * The mailboxes of a list (RFC 5322 §3.4, with the obsolete syntax), also those in groups; and lists as they should not
 * be: with semicolons, one a line, without commas, with brackets that nothing closes.
 */
export function* mailboxes(text: string): Generator<Mailbox> {
  let tokens: AddressToken[] = [];
  let angle: 'none' | 'open' | 'closed' = 'none';
  let isRoute = false;
  const take = (): readonly Mailbox[] => {
    const box = mailboxOf(text, tokens);
    tokens = [];
    angle = 'none';
    isRoute = false;
    return box === undefined ? [] : [box];
  };
  for (const token of addressTokens(text)) {
    const special = token.kind === 'special' ? text[token.from] : undefined;
    const isSolid = token.kind !== 'space' && token.kind !== 'comment';
    if (angle === 'closed' && isSolid) yield* take();
    // A line that is not folded begins another entry: some keep one a line.
    if (angle === 'none' && token.kind === 'space' && /\n(?:[\r\n]|$)/.test(text.slice(token.from, token.to)))
      yield* take();
    if (angle === 'open' && tokens.findLast(solid)?.kind === 'special' && special === '@')
      isRoute ||= isAt(tokens, text, '<');
    if ((special === ',' || special === ';' || special === ':') && !(angle === 'open' && isRoute)) {
      // What stands before a colon is the name of a group.
      yield* take();
      continue;
    }
    tokens.push(token);
    if (special === '<' && angle === 'none') angle = 'open';
    if (special === '>' && angle === 'open') angle = 'closed';
  }
  yield* take();
}

const solid = ({ kind }: AddressToken): boolean => kind !== 'space' && kind !== 'comment';

function isAt(tokens: readonly AddressToken[], text: string, special: string): boolean {
  const last = tokens.findLast(solid);
  return last !== undefined && text[last.from] === special;
}

function mailboxOf(text: string, tokens: readonly AddressToken[]): Mailbox | undefined {
  const first = tokens.findIndex(({ kind }) => kind !== 'space');
  if (first < 0) return undefined;
  const own = tokens.slice(first, tokens.findLastIndex(({ kind }) => kind !== 'space') + 1);
  const opens = own.findIndex((token) => isSpecial(text, token, '<'));
  const closes = own.findLastIndex((token) => isSpecial(text, token, '>'));
  const inner = opens < 0 ? own : own.slice(opens + 1, closes < opens ? undefined : closes);
  const address = addressOf(text, inner.filter(solid));
  const [from, to] = [own[0]?.from ?? 0, own.at(-1)?.to ?? 0];
  return {
    from,
    to,
    ...(opens < 0
      ? {}
      : {
          angle: { from: own[opens]?.from ?? 0, to: own[closes < opens ? own.length - 1 : closes]?.to ?? to },
        }),
    ...(address === undefined ? {} : { address }),
  };
}

const isSpecial = (text: string, { kind, from }: AddressToken, special: string): boolean =>
  kind === 'special' && text[from] === special;

function addressOf(text: string, tokens: readonly AddressToken[]): Mailbox['address'] {
  const behindRoute = tokens.slice(tokens.findLastIndex((token) => isSpecial(text, token, ':')) + 1);
  const at = behindRoute.findLastIndex((token) => isSpecial(text, token, '@'));
  if (at <= 0) return undefined;
  const written = (part: readonly AddressToken[]) =>
    part
      .map(({ kind, from, to }) =>
        kind === 'quoted' ? text.slice(from + 1, to - 1).replaceAll(/\\(.)/gs, '$1') : text.slice(from, to),
      )
      .join('');
  const domain = written(behindRoute.slice(at + 1));
  return { local: written(behindRoute.slice(0, at)), domain: domain.replace(/\.$/, '') };
}
