import { type Edit, edited } from '../edits.ts';
import { type Replacing, replacements } from '../replacing.ts';
import { type ContentLine, contentLines, writtenEdit } from './content-line.ts';
import { type LineHead, lineHead } from './parameters.ts';

/**
 * Calendars and cards (RFC 5545, RFC 6350): addresses of the persons, with the name beside them. That is the parameter CN
 * of an ATTENDEE and the like, and FN, N and NICKNAME of a card whose EMAIL is theirs. Lines stay folded where they
 * were, and those in which nothing changes stay byte for byte.
 */
export function inContentLines(text: string, replacing: Replacing): string | undefined {
  if (replacing.addresses.isEmpty) return undefined;
  const edits: Edit[] = [];
  let card: ContentLine[] = [];
  for (const line of contentLines(text)) {
    card.push(line);
    if (!/^(?:begin|end):/i.test(line.content)) continue;
    edits.push(...componentEdits(text, card, replacing));
    card = [];
  }
  return edited(text, [...edits, ...componentEdits(text, card, replacing)]);
}

interface ReadLine {
  readonly line: ContentLine;
  readonly head: LineHead | undefined;
  readonly found: readonly Edit[];
}

/** Lines between one BEGIN or END and the next. */
function componentEdits(text: string, lines: readonly ContentLine[], replacing: Replacing): readonly Edit[] {
  const read = lines.map(
    (line): ReadLine => ({
      line,
      head: lineHead(line.content),
      found: replacements(replacing, line.content),
    }),
  );
  if (read.every(({ found }) => found.length === 0)) return [];
  const isTheirs =
    replacing.names === 'removed' &&
    read.some(({ head, found }) => found.length > 0 && /^(?:email|impp)$/.test(head?.name ?? ''));
  return read.flatMap((one) => {
    const edits = isTheirs && isName(one) ? nameEdits(one, replacing) : addressEdits(one, replacing);
    return edits.length === 0 ? [] : [writtenEdit(text, one.line, edits)];
  });
}

const isName = ({ head }: ReadLine): boolean => /^(?:fn|n|nickname|sort-string)$/.test(head?.name ?? '');

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
