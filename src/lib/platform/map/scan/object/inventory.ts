import { formOf, type KeyPart, keyParts } from './key-form.ts';
import type { KeySource } from './key-source.ts';
import type { KnownWords } from './known-words.ts';

/** Keys of one form. */
export interface KeyForm {
  readonly form: string;
  /** How many of the keys that were read. */
  readonly keys: number;
  /** Some of them, spread over all; never shown. */
  readonly sample: readonly { readonly key: string; readonly parts: readonly KeyPart[] }[];
}

export interface Inventory {
  readonly bucket: string;
  readonly keys: number;
  /** Whether there are more keys than were read. */
  readonly isCut: boolean;
  /** The most frequent first. */
  readonly forms: readonly KeyForm[];
}

/** Keys of a form that are compared with the database. */
const sampled = 40;
/** Different forms that are told apart. */
const mostForms = 200;

/** Reads the keys of a bucket, up to a number, and sorts them by form. Memory is bounded by the number of forms. */
export async function takeInventory(
  { bucket, keys }: KeySource,
  {
    words,
    limit,
    signal,
  }: { readonly words: KnownWords; readonly limit: number; readonly signal: AbortSignal },
): Promise<Inventory> {
  const forms = new Map<string, { keys: number; sample: KeyForm['sample'][number][]; stride: number }>();
  let read = 0;
  let isCut = false;
  for await (const key of keys()) {
    signal.throwIfAborted();
    if (read === limit) {
      isCut = true;
      break;
    }
    read += 1;
    const parts = keyParts(key, words);
    const name = formOf(parts);
    const form = forms.get(name) ?? { keys: 0, sample: [], stride: 1 };
    if (!forms.has(name)) {
      if (forms.size === mostForms) continue;
      forms.set(name, form);
    }
    if (form.keys % form.stride === 0) {
      // Every second one goes, and only every second of those to come is taken: the sample stays spread.
      if (form.sample.length === sampled) {
        form.sample = form.sample.filter((_, index) => index % 2 === 0);
        form.stride *= 2;
      }
      if (form.keys % form.stride === 0) form.sample.push({ key, parts });
    }
    form.keys += 1;
  }
  return {
    bucket,
    keys: read,
    isCut,
    forms: [...forms]
      .map(([form, { keys: count, sample }]) => ({ form, keys: count, sample }))
      .toSorted((one, other) => other.keys - one.keys),
  };
}
