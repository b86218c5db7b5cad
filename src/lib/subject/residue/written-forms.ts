import type { ResidueForm } from './needles.ts';

export interface WrittenForm {
  readonly form: ResidueForm;
  readonly text: string;
}

/** How a character is written where it may not stand as it is; undefined where it has no such name. */
type Writer = (character: string) => string | undefined;

const bytesBehind =
  (sign: string): Writer =>
  (character) =>
    [...Buffer.from(character)].map((byte) => sign + byte.toString(16).padStart(2, '0')).join('');

const code = (character: string): number => character.codePointAt(0) ?? 0;

/** Of HTML, where an address may have them. */
const entityNames: Readonly<Record<string, string>> = {
  '@': 'commat',
  '&': 'amp',
  "'": 'apos',
  '"': 'quot',
  '+': 'plus',
  _: 'lowbar',
  '<': 'lt',
  '>': 'gt',
};

const writers: readonly (readonly [ResidueForm, Writer])[] = [
  ['url-encoded', bytesBehind('%')],
  // Encoded twice, as a link within a link is.
  ['url-encoded', bytesBehind('%25')],
  ['quoted-printable', bytesBehind('=')],
  ['entity', (character) => `&#${code(character)};`],
  ['entity', (character) => `&#0${code(character)};`],
  ['entity', (character) => `&#x${code(character).toString(16)};`],
  [
    'entity',
    (character) => (entityNames[character] === undefined ? undefined : `&${entityNames[character]};`),
  ],
  [
    'escaped',
    (character) =>
      [...Array(character.length).keys()]
        .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
        .join(''),
  ],
];

/** Of so many kinds every combination is looked for; of more, those of which all but one, one or all are written. */
const mostKinds = 5;

/**
 * A name as encoders write it: they differ in which of its characters they leave as they are. `o'brien+x@example.org` is
 * `o'brien%2Bx%40example.org` in one program and `o%27brien%2Bx@example.org` in the next, and what is not ASCII stands as
 * `\u00eb` in JSON.
 */
export function writtenForms(name: string): readonly WrittenForm[] {
  const characters = Array.from(name);
  const kinds = [...new Set(characters.flatMap((character) => kindOf(character) ?? []))];
  return writers.flatMap(([form, write]) =>
    choices(kinds).flatMap((chosen) => {
      const written = characters.map((character) =>
        chosen.has(kindOf(character) ?? '') ? write(character) : character,
      );
      return written.includes(undefined) ? [] : [{ form, text: written.join('') }];
    }),
  );
}

/**
 * What an encoder writes or leaves alike: everything that is not ASCII, what encodeURIComponent leaves, and each other
 * sign; undefined for what all leave.
 */
function kindOf(character: string): string | undefined {
  if (/^[\w.-]$/.test(character)) return undefined;
  if (/^[!*'()~]$/.test(character)) return 'mark';
  return character > '\x7f' ? 'not ASCII' : character;
}

function choices(kinds: readonly string[]): readonly ReadonlySet<string>[] {
  if (kinds.length > mostKinds) {
    const single = kinds.map((kind) => new Set([kind]));
    const allBut = kinds.map((kind) => new Set(kinds.filter((other) => other !== kind)));
    return [new Set(kinds), ...single, ...allBut];
  }
  let found: readonly (readonly string[])[] = [[]];
  for (const kind of kinds) found = found.flatMap((chosen) => [chosen, [...chosen, kind]]);
  return found.filter((chosen) => chosen.length > 0).map((chosen) => new Set(chosen));
}
