import { type Edit, edited, rewrittenBy } from '../edits.ts';
import { type Replacing, replaced, replacements } from '../replacing.ts';
import { type ContentLine, contentLines, writtenEdit } from './content-line.ts';
import { type LineHead, lineHead } from './parameters.ts';

/**
 * Calendars and cards (RFC 5545, RFC 6350): addresses of the persons, with the name beside them. That is the parameter CN
 * of an ATTENDEE and the like, and FN, N and NICKNAME of a card whose EMAIL is theirs. Lines stay folded where they
 * were, and those in which nothing changes stay byte for byte.
 */
export function inContentLines(text: string, replacing: Replacing): string | undefined {
  if (replacing.addresses.isEmpty) return undefined;
  // What goes over the end of a line in another way is found in the text as a whole.
  return rewrittenBy(text, [(lines) => inLines(lines, replacing), (whole) => replaced(replacing, whole)]);
}

function inLines(text: string, replacing: Replacing): string | undefined {
  const edits: Edit[] = [];
  let component: ReadLine[] = [];
  for (const line of contentLines(text)) {
    const found = replacements(replacing, line.content);
    const head = found.length > 0 || nameLine.test(line.content) ? lineHead(line.content) : undefined;
    if (found.length > 0 || head !== undefined) component.push({ line, head, found });
    if (!/^(?:begin|end):/i.test(line.content)) continue;
    for (const edit of componentEdits(text, component, replacing)) edits.push(edit);
    component = [];
  }
  return edited(text, [...edits, ...componentEdits(text, component, replacing)]);
}

const nameLine = /^(?:[\w-]{1,99}\.)?(?:fn|n|nickname|sort-string)[;:]/i;

interface ReadLine {
  readonly line: ContentLine;
  readonly head: LineHead | undefined;
  readonly found: readonly Edit[];
}

/** Of the lines between one BEGIN or END and the next, those that matter. */
function componentEdits(text: string, read: readonly ReadLine[], replacing: Replacing): readonly Edit[] {
  if (read.every(({ found }) => found.length === 0)) return [];
  const isTheirs =
    replacing.names === 'removed' &&
    read.some(({ head, found }) => found.length > 0 && /^(?:email|impp)$/.test(head?.name ?? ''));
  return read.flatMap((one) => {
    const edits = isTheirs && isName(one) ? nameEdits(one, replacing) : addressEdits(one, replacing);
    return edits.length === 0 ? [] : [writtenEdit(text, one.line, edits)];
  });
}

const isName = ({ line }: ReadLine): boolean => nameLine.test(line.content);

/** A card has to have a name (RFC 6350 §6.2.1); that of a person has five parts (§6.2.2). */
function nameEdits({ line, head }: ReadLine, { text }: Replacing): readonly Edit[] {
  if (head === undefined) return [];
  const name = text.replaceAll(/[\\,;]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
  const sorted = head.parameters.filter((parameter) => parameter.name === 'sort-as');
  return [
    ...sorted.map(({ from, to }) => ({ from, to, text: '' })),
    { from: head.value, to: line.content.length, text: head.name === 'n' ? `${name};;;;` : name },
  ];
}

function addressEdits({ head, found }: ReadLine, { names }: Replacing): readonly Edit[] {
  if (head === undefined || names === 'kept') return found;
  const address = head.parameters.find(({ name }) => name === 'email');
  const isBeside = found.some(
    ({ from }) => from >= head.value || (address !== undefined && from > address.from && from < address.to),
  );
  if (!isBeside) return found;
  const gone = head.parameters.filter(({ name }) => name === 'cn');
  const others = found.filter(({ from }) => gone.every((one) => from < one.from || from >= one.to));
  return [...others, ...gone.map(({ from, to }) => ({ from, to, text: '' }))].toSorted(
    (a, b) => a.from - b.from,
  );
}
