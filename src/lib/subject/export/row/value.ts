import type { Column } from './column.ts';
import type { CsvCell } from './csv.ts';

/** A value as JSON text. */
export function jsonOf(value: Buffer | null, form: Column['form']): string {
  if (value === null) return 'null';
  if (form === 'bytes') return JSON.stringify(value.toString('base64'));
  const text = value.toString();
  // The type json keeps the line ends that somebody wrote between its members, and a row has one line.
  if (form === 'json') return text.replaceAll(/[\r\n]+/g, ' ');
  if (form === 'boolean') return text;
  // NaN and Infinity are no JSON, and beyond 2^53 many programs would round.
  const isExact = form === 'number' && /^-?\d+(?:\.\d+)?$/.test(text) && text.length <= 15;
  return isExact ? text : JSON.stringify(text);
}

export function cellOf(value: Buffer | null, form: Column['form']): CsvCell {
  if (value === null) return { text: null };
  return {
    text: form === 'bytes' ? value.toString('base64') : value.toString(),
    isNumber: form === 'number',
  };
}

/** For a person. */
export function asText(value: Buffer | null, form: Column['form']): string {
  if (value === null) return '';
  return form === 'bytes' ? `${value.byteLength} bytes` : value.toString();
}
