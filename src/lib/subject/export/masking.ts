import { type Identity, searchForms } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import type { Archive } from './archive/archive.ts';
import type { Found } from './message/mask-message.ts';
import type { Review } from './review/review.ts';

/** What is not given out, and why: Article 15(4) GDPR, the rights and freedoms of others. */
export interface Masking {
  /** How many things were masked, by kind; a person decided on those that are `decided`. */
  readonly counts: ReadonlyMap<MaskKind, number>;
  /** How many were given out because a person decided so. */
  readonly disclosed: number;
  isPerson(address: string): boolean;
  /**
   * @returns what stands in its place; undefined where it may be given out
   */
  mask(place: MaskPlace, kind: MaskKind, index: number, content: Buffer): string | undefined;
  /** Writes to the manifest what was masked since; to be awaited after every row. */
  settle(): Promise<void>;
}

export type MaskKind = Found['kind'] | 'internal-note';

export interface MaskPlace {
  readonly table: string;
  readonly key: readonly string[];
  readonly field: string;
  /** In the archive. */
  readonly file?: string;
  /** Instead of the kind's own. */
  readonly why?: string;
}

const reasons: Readonly<Record<MaskKind, string>> = {
  bcc: 'blind copies to others: that they got it is theirs to tell',
  'forwarded-message': 'a message of others that is attached to this one',
  'forwarded-text': 'a message of others that is forwarded inside this one',
  'internal-note': 'a note that staff wrote for themselves',
};

export interface MaskingOptions {
  readonly archive: Archive;
  readonly review: Review;
  readonly identities: Iterable<Identity>;
  readonly known: KnownValues;
  /** Why blind copies are given out nevertheless; undefined masks them. */
  readonly discloseBcc: string | undefined;
}

export function masking({ archive, review, identities, known, discloseBcc }: MaskingOptions): Masking {
  const isPerson = personTest(identities, known);
  const counts = new Map<MaskKind, number>();
  let disclosed = 0;
  let lines: Record<string, unknown>[] = [];

  return {
    counts,
    get disclosed() {
      return disclosed;
    },
    isPerson,
    mask({ why, ...place }, kind, index, content) {
      const { table, key, field } = place;
      const common = { kind, ...place, bytes: content.byteLength, why: why ?? reasons[kind] };
      if (kind === 'bcc') {
        if (discloseBcc !== undefined) {
          disclosed += 1;
          lines.push({ ...common, decision: 'disclose', reason: discloseBcc });
          return undefined;
        }
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        lines.push({ ...common, decision: 'mask', reason: 'by rule' });
        return note(common.why);
      }
      const { id, decision } = review.ask({ table, key, field, kind, why: common.why, index, content });
      const told = decision ?? { decision: 'mask', reason: 'nobody has decided yet' };
      lines.push({ ...common, item: id, ...told });
      if (told.decision === 'disclose') {
        disclosed += 1;
        return undefined;
      }
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return note(common.why);
    },
    async settle() {
      if (lines.length === 0) return;
      const told = lines;
      lines = [];
      for (const line of told) await archive.note('maskings', line);
      await review.settle();
    },
  };
}

/** Addresses of which is remembered whose they are. */
const mostRemembered = 10_000;

/** ASCII, and no line end: it stands in headers too. */
const note = (why: string): string =>
  `[masked, Article 15(4) GDPR: ${why.replaceAll(/[^\u0020-\u007e]/g, '?')}]`;

function personTest(identities: Iterable<Identity>, known: KnownValues): (address: string) => boolean {
  const emails = [...identities].filter(({ kind }) => kind === 'email');
  const names = [...(known.get('email') ?? [])];
  const own = new Map(
    emails.map((identity) => [
      identity,
      new Set(names.flatMap((name) => searchForms(identity, name)).map((form) => form.toLowerCase())),
    ]),
  );
  const isOwn = (address: string): boolean =>
    emails.some((identity) =>
      searchForms(identity, address).some((form) => own.get(identity)?.has(form.toLowerCase()) === true),
    );
  // The same few hundred write to a person again and again.
  const seen = new Map<string, boolean>();
  return (address) => {
    const before = seen.get(address);
    if (before !== undefined) return before;
    if (seen.size >= mostRemembered) seen.clear();
    const found = isOwn(address);
    seen.set(address, found);
    return found;
  };
}
