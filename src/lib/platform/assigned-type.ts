import type { Column } from './catalog/index.ts';

/**
 * The type that a value is cast to before a column takes it. A cast to `character varying(20)`, or to a domain over it,
 * cuts without a word what is longer; without the length, the column refuses it (SQLSTATE 22001).
 */
export function assignedType({ type, baseType }: Pick<Column, 'type' | 'baseType'>): string {
  const [, name, array = ''] = /^(character varying|character)\(\d+\)((?:\[\])*)$/.exec(baseType) ?? [];
  // `character` alone is one character.
  return name === undefined ? type : `${name === 'character' ? 'bpchar' : name}${array}`;
}
