/** What stands before the value of a content line: `ATTENDEE;CN="Ann Example";RSVP=TRUE:`. */
export interface LineHead {
  /** In small letters, without a group: `attendee`. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Where the value begins. */
  readonly value: number;
}

/** With the semicolon before it. */
export interface Parameter {
  /** In small letters. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const head = /^(?:[\w-]+\.)?([\w-]+)(?=[;:])/;
const parameter =
  /;([\w-]+)(?:=(?:"[^"]{0,9999}"|[^";:,]{0,9999})(?:,(?:"[^"]{0,9999}"|[^";:,]{0,9999})){0,999})?/y;

/** @returns undefined for what is no content line */
export function lineHead(content: string): LineHead | undefined {
  const match = head.exec(content.slice(0, 256));
  if (match === null) return undefined;
  const parameters: Parameter[] = [];
  let at = match[0].length;
  while (content[at] === ';') {
    parameter.lastIndex = at;
    const found = parameter.exec(content);
    if (found === null) return undefined;
    parameters.push({ name: (found[1] ?? '').toLowerCase(), from: at, to: parameter.lastIndex });
    at = parameter.lastIndex;
  }
  if (content[at] !== ':') return undefined;
  return { name: (match[1] ?? '').toLowerCase(), parameters, value: at + 1 };
}
