/** Words that YAML reads as something else than text, and characters that would steer a terminal. */
const reserved = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf)$/i;
const plain = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A text as a YAML 1.2 scalar, in double quotes wherever it needs them. */
export function scalar(text: string): string {
  return plain.test(text) && !reserved.test(text) ? text : quoted(text);
}

const quoted = (text: string): string => escaped(JSON.stringify(text));

function escaped(text: string): string {
  return text.replaceAll(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** A name as it stands in a comment: on one line, whatever it is. */
export const inComment = (text: string): string => escaped(text.replaceAll(/[\r\n]+/g, ' '));

/** A value in flow style: `{a: b, c: [d, e]}`. */
export function flow(value: unknown): string {
  if (typeof value === 'string') return scalar(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${scalar(key)}: ${flow(inner)}`)
    .join(', ')}}`;
}
