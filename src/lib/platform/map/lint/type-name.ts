/** What people write for the names that format_type prints. */
const printed: Readonly<Record<string, string>> = {
  int: 'integer',
  int4: 'integer',
  int2: 'smallint',
  int8: 'bigint',
  serial: 'integer',
  bigserial: 'bigint',
  float: 'double precision',
  float8: 'double precision',
  float4: 'real',
  decimal: 'numeric',
  bool: 'boolean',
  varchar: 'character varying',
  char: 'character',
  bpchar: 'character',
  varbit: 'bit varying',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
};

interface TypeName {
  readonly base: string;
  /** `(10,2)`, or empty. */
  readonly modifier: string;
  readonly isArray: boolean;
}

/**
 * Whether a map's type means the database's: aliases count as what they stand for, and a modifier such as the length
 * only counts where the map gives one.
 */
export function sameType(mapped: string, actual: string): boolean {
  const [wanted, found] = [parse(mapped), parse(actual)];
  return (
    wanted.base === found.base &&
    wanted.isArray === found.isArray &&
    (wanted.modifier === '' || wanted.modifier === found.modifier)
  );
}

function parse(text: string): TypeName {
  const plain = text.includes('"') ? text : text.toLowerCase();
  const isArray = /(\s*\[\s*\d*\s*\])+$/.test(plain);
  const single = plain.replace(/(\s*\[\s*\d*\s*\])+$/, '').trim();
  const modifier = /\([^)]*\)/.exec(single)?.[0].replaceAll(/\s/g, '') ?? '';
  const base = single
    .replace(/\s*\([^)]*\)/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return { base: printed[base] ?? base, modifier, isArray };
}
