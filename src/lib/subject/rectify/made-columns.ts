import { domainOf } from '../../platform/map/index.ts';
import type { Treatment } from '../erase/closure/treatment.ts';
import type { Identity } from '../identity/identities.ts';
import { valueSql } from '../identity/spots.ts';

/**
 * A name that is made from several columns: by the database in a generated one (`local_part || '@' || domain`), or by
 * whoever reads a local part with its domain.
 */
export interface MadeColumn {
  /** The generated one; that of the local part. */
  readonly column: string;
  readonly identity: Identity;
  /** Texts of the row that it is made from. */
  readonly from: readonly string[];
  /** Whether its domain stands in a row that others may share. */
  readonly isDomainElsewhere: boolean;
  /** SQL over the row `alias`: the whole name. */
  sql(alias: string): string;
}

/** @param of the kind of identity that changes */
export function madeColumns(
  { table, relation }: Treatment,
  identities: ReadonlyMap<string, Identity>,
  of: string,
): readonly MadeColumn[] {
  const fields = new Map(table.fields);
  return relation.columns.flatMap(({ name, generated, default: expression }): readonly MadeColumn[] => {
    const field = fields.get(name);
    const identity = identities.get(field?.identity ?? '');
    if (field === undefined || identity?.kind !== of) return [];
    const domain = domainOf(table, field);
    const common = {
      column: name,
      identity,
      isDomainElsewhere: domain?.reference !== undefined,
      sql: (alias: string) => valueSql({ column: name, isBytes: false, domain }, alias),
    };
    if (domain !== undefined)
      return [{ ...common, from: [name, ...(domain.reference === undefined ? [domain.column] : [])] }];
    if (generated === null) return [];
    const words = new Set(expression?.match(/"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/gu));
    const from = relation.columns.filter(
      (column) =>
        column.generated === null &&
        /^(?:text|citext|character|varchar)|\.citext$/.test(column.baseType) &&
        (words.has(column.name) || words.has(`"${column.name.replaceAll('"', '""')}"`)),
    );
    return [{ ...common, from: from.map((column) => column.name) }];
  });
}

/** Of a column that holds an address or one half of it: the same of the new one; undefined for any other. */
export function newHalf(value: string, old: string, to: string): string | undefined {
  const [was, is] = [halves(old), halves(to)];
  if (was === undefined || is === undefined) return undefined;
  const folded = value.toLowerCase();
  if (folded === old.toLowerCase()) return to;
  if (folded === was.local.toLowerCase()) return is.local;
  return folded === was.domain.toLowerCase() ? is.domain : undefined;
}

/** Whether two addresses are of one domain. */
export const isSameDomain = (one: string, other: string): boolean =>
  halves(one)?.domain.toLowerCase() === halves(other)?.domain.toLowerCase();

function halves(address: string): { readonly local: string; readonly domain: string } | undefined {
  const at = address.lastIndexOf('@');
  return at <= 0 ? undefined : { local: address.slice(0, at), domain: address.slice(at + 1) };
}
