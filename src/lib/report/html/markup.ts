/** HTML or SVG whose text is escaped already; nothing but `markup` makes it. */
export interface Markup {
  readonly markup: string;
}

/** A template whose holes are escaped, unless they hold markup, or a list of markup. */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  return {
    markup: strings.reduce((text, string, index) => `${text}${asMarkup(values[index - 1] ?? '')}${string}`),
  };
}

function asMarkup(value: string | number | Markup | readonly Markup[]): string {
  if (typeof value !== 'object') return escapeText(value);
  return 'markup' in value ? value.markup : value.map((item) => item.markup).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that steer instead of being seen: controls, and those that turn the direction of what follows. */
const steering = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/gu;

/** Any value as text for an element or a quoted attribute; what cannot be seen is shown as `\u{202e}`. */
export function escapeText(value: unknown): string {
  return String(value)
    .toWellFormed()
    .replaceAll(steering, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
