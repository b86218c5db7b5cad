/**
 * Addresses to which what cannot be delivered comes back, whose local part tells whom it was for: VERP
 * (`news-bounces+ann=example.org@lists.example`, as mailing lists and senders have it) and SRS
 * (`SRS0=Hash=T7=example.org=ann@forwarder.example`, as forwarders have it).
 */
export interface WrappedAddress {
  readonly from: number;
  readonly to: number;
  /** What stands between local part and domain: `=`, `==a==`, `%3D`, `=3D`. */
  readonly sign: string;
}

/** A longer local part is none (RFC 5321 §4.5.3.1.1), but it may be encoded and stand in a URL. */
const mostCharacters = 320;

/** By code: RFC 5322 §3.2.3, with full stops, and what is not ASCII (RFC 6532). */
const ofLocal = Uint8Array.from({ length: 256 }, (_, code) =>
  /[\w.!#$%&'*+/=?^`{|}~\x80-\xff-]/.test(String.fromCharCode(code)) ? 1 : 0,
);
const ofPart = ofLocal.with('='.charCodeAt(0), 0).with('%'.charCodeAt(0), 0);
const signs = /==a==|=3d|%3d|=/gi;
const domainHere = /^[a-z\d.\x80-\xff-]+(?===|$)/i;
const srs = /^(.*srs[01][=+-].*=)([a-z\d.\x80-\xff-]+)=([^=]+)$/i;

/**
 * The address within a local part, read from right to left of its `@`.
 * @param text bytes (latin1) @param end where the `@` stands @param from where the text is looked at from, at the earliest
 * @param localsAt by domain, what tells the local parts that are meant; undefined for a domain where none is
 */
export function wrappedBefore(
  text: string,
  end: number,
  from: number,
  localsAt: (domain: string) => ((local: string) => boolean) | undefined,
): WrappedAddress | undefined {
  if (!mayWrap(text, end, from, localsAt)) return undefined;
  let start = end;
  while (start > from && end - start < mostCharacters && ofLocal[text.charCodeAt(start - 1)] === 1)
    start -= 1;
  const local = text.slice(start, end);
  const [whole, lead = '', domain = '', name = ''] = srs.exec(local) ?? [];
  if (whole !== undefined && localsAt(domain)?.(name) === true) {
    return { from: start + lead.length, to: end, sign: '=' };
  }
  for (const { 0: sign, index } of local.matchAll(signs)) {
    const behind = index + sign.length;
    const [host] = domainHere.exec(local.slice(behind)) ?? [];
    const isMeant = host === undefined ? undefined : localsAt(host);
    if (host === undefined || isMeant === undefined) continue;
    for (let at = 0; at < index; at += 1) {
      if (!isMeant(local.slice(at, index)) || !beginsWrapped(local.slice(0, at))) continue;
      return { from: start + at, to: start + behind + host.length, sign };
    }
  }
  return undefined;
}

/**
 * Whether one of the last three parts between equals signs is a domain that is meant: none is in nearly every text, which
 * takes no more time than it has characters.
 */
function mayWrap(text: string, end: number, from: number, localsAt: (domain: string) => unknown): boolean {
  let to = end;
  for (let part = 0; part < 3; part += 1) {
    let at = to;
    while (at > from && to - at < mostCharacters && ofPart[text.charCodeAt(at - 1)] === 1) at -= 1;
    const sign = text[at - 1];
    if (part > 0 || sign === '=' || sign === '%') {
      const domain = text.slice(at, to);
      if (domain.includes('.') && (localsAt(domain) ?? localsAt(domain.replace(/^3d/i, ''))) !== undefined)
        return true;
    }
    if (at <= from || (sign !== '=' && sign !== '%')) return false;
    to = at - 1;
  }
  return false;
}

const id = String.raw`(?:-(?=[a-z]*\d)[\da-z]+)?`;
/**
 * At the beginning, behind a separator, and behind the first `+` after either; and behind the words and numbers that
 * ezmlm, mlmmj, SendGrid and Mailgun put before a hyphen. Behind any other hyphen, `x-ann` may be who is meant.
 */
const lead = new RegExp(
  String.raw`(?:(?:^|[=&?/]|[=%]3d)(?:[^=&?/+]*(?:\+|%2b))?|(?:return|bounces?|subscribe|conf(?:un)?sub)${id}-|bounces\+\d+-[\da-f]{4}-|bounce\+[\da-f]{6}\.[\da-f]+-)$`,
  'i',
);

/** Whether an address that is wrapped may begin behind this part of the local part around it. */
const beginsWrapped = (before: string): boolean => lead.test(before);
