import type { Treatment } from '../erase/closure/treatment.ts';
import type { Identity } from '../identity/identities.ts';

/** A column with a name that the database makes from other columns of its row: `local_part || '@' || domain`. */
export interface MadeColumn {
  readonly column: string;
  readonly identity: Identity;
  /** Texts that it is made from. */
  readonly from: readonly string[];
}

/** @param of the kind of identity that changes */
export function madeColumns(
  { table, relation }: Treatment,
  identities: ReadonlyMap<string, Identity>,
  of: string,
): readonly MadeColumn[] {
  const fields = new Map(table.fields);
  return relation.columns.flatMap(({ name, generated, default: expression }): readonly MadeColumn[] => {
    const identity = identities.get(fields.get(name)?.identity ?? '');
    if (generated === null || identity?.kind !== of) return [];
    const words = new Set(expression?.match(/"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/gu));
    const from = relation.columns.filter(
      (column) =>
        column.generated === null &&
        /^(?:text|citext|character|varchar)|\.citext$/.test(column.baseType) &&
        (words.has(column.name) || words.has(`"${column.name.replaceAll('"', '""')}"`)),
    );
    return [{ column: name, identity, from: from.map((column) => column.name) }];
  });
}

/** Of a column that holds one half of an address: the same half of the new one; undefined for any other. */
export function newHalf(value: string, old: string, to: string): string | undefined {
  const [was, is] = [halves(old), halves(to)];
  if (was === undefined || is === undefined) return undefined;
  const folded = value.toLowerCase();
  if (folded === was.local.toLowerCase()) return is.local;
  return folded === was.domain.toLowerCase() ? is.domain : undefined;
}

function halves(address: string): { readonly local: string; readonly domain: string } | undefined {
  const at = address.lastIndexOf('@');
  return at <= 0 ? undefined : { local: address.slice(0, at), domain: address.slice(at + 1) };
}
