import { counted } from '../../../../base/counted.ts';
import type { AddressCounts } from '../value/column-profile.ts';
import type { AddressForm } from '../value/inspect-value.ts';
import type { TextFormat } from '../value/text-format.ts';
import type { Confidence, Note } from './draft.ts';

const forms: Readonly<Record<AddressForm, string>> = {
  plain: 'in clear',
  base64: 'in base64',
  hex: 'in hexadecimal',
  'utf-16': 'in UTF-16',
  compressed: 'compressed',
};

/** Why a place is said to hold addresses. */
export function addressNote(counts: AddressCounts, values: number, where = ''): Note {
  const how = [...counts.forms.keys()].map((form) => forms[form]).join(', ');
  const format = mostFrequent(counts.formats);
  const kind =
    counts.keys > 0
      ? ', as keys of an object'
      : isMostlyWhole(counts)
        ? ', each the whole of it'
        : format === undefined
          ? ''
          : `, inside ${format === 'text' ? 'text' : `what reads as ${format}`}`;
  return {
    reason: `addresses${where} in ${counts.values.toLocaleString('en')} of ${counted(values, 'value')} read, ${how}${kind}`,
    confidence: confidenceOf(counts, values),
  };
}

function confidenceOf({ values: found }: AddressCounts, values: number): Confidence {
  if (found >= 20 || (found >= 3 && found >= values / 2)) return 'high';
  return found >= 2 || found === values ? 'medium' : 'low';
}

/** A few that are not may be somebody's mistakes. */
export const isMostlyWhole = ({ values, whole }: AddressCounts): boolean =>
  values > 0 && whole >= 0.9 * values;

/** The format of most of the texts; undefined where none is in clear. */
export function mostFrequent(formats: ReadonlyMap<TextFormat, number>): TextFormat | undefined {
  return [...formats].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}
