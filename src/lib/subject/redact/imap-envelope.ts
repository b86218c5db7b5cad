/**
 * An address in two strings, as envelope and body structure of IMAP have it (RFC 9051 §7.5.2), which mail stores keep:
 * `("Ann Example" NIL "ann" "example.org")`. Where it stands in JSON, behind backslashes.
 */
export const betweenStrings = String.raw`\\{0,3}"[ \t\r\n]{1,9}\\{0,3}"`;

/** Whether what stands at both sides of that are whole strings. */
export const areStrings = (text: string, from: number, to: number): boolean =>
  text[from - 1] === '"' && /^\\{0,3}"/.test(text.slice(to, to + 4));

/** With its route. */
const longestName = 1000;

/** The name before the local part of such an address, with its quotation marks; undefined for none. */
export function nameBefore(
  text: string,
  local: number,
): { readonly from: number; readonly to: number } | undefined {
  const window = text.slice(Math.max(0, local - longestName), local);
  const opens = [...window.matchAll(/\(\\{0,3}"/g)].at(-1);
  const [, name] =
    /^(\\{0,3}".*") (?:NIL|\\{0,3}"[^"]*") \\{0,3}"$/is.exec(window.slice((opens?.index ?? 0) + 1)) ?? [];
  if (opens === undefined || name === undefined) return undefined;
  const from = local - window.length + opens.index + 1;
  return { from, to: from + name.length };
}
