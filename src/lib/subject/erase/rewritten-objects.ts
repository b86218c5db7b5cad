import type { ModelTable } from '../../platform/map/index.ts';
import type { Parser } from '../redact/index.ts';

/** A field that names an object which others keep, and which is to lose the person: `erase: {redact: address}`. */
export interface RewrittenObject {
  readonly field: string;
  readonly parser: Parser;
}

const parserOf: Readonly<Record<string, Parser>> = {
  eml: 'rfc5322',
  mbox: 'rfc5322',
  'mime-part': 'rfc5322',
  vcard: 'vcard',
  icalendar: 'icalendar',
  json: 'json',
  csv: 'text',
  text: 'text',
};

/** The objects of rows of others that are rewritten; without that rule an object goes with its row, or stays. */
export function rewrittenObjects(table: ModelTable | undefined): readonly RewrittenObject[] {
  return (table?.fields ?? []).flatMap(([field, { object, erase }]) => {
    const parser = parserOf[object?.format ?? ''];
    const isRewritten = typeof erase === 'object' && 'redact' in erase && erase.redact === 'address';
    return parser !== undefined && isRewritten ? [{ field, parser }] : [];
  });
}
