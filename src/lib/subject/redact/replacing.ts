import type { Edit } from './edits.ts';
import type { AddressSet } from './name-set.ts';
import { addressEdits, replaceAddresses } from './replace-addresses.ts';

/** Whose addresses are replaced, and what by. */
export interface Replacing {
  readonly addresses: AddressSet;
  /** An address. */
  readonly placeholder: string;
  /** What stands in place of a name that has to be there. */
  readonly text: string;
  /** Whether the name beside an address goes with it. */
  readonly names: 'removed' | 'kept';
}

/** The addresses in a text, wherever they stand in it. */
export const replaced = ({ addresses, placeholder }: Replacing, text: string): string | undefined =>
  replaceAddresses(text, addresses, placeholder);

export const replacements = ({ addresses, placeholder }: Replacing, text: string): readonly Edit[] =>
  addressEdits(text, addresses, placeholder);
