import { type DomainPlace, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';

/**
 * SQL over the row `alias`: the address whose local part is in `column` and whose domain is elsewhere; NULL where either
 * is. Where the column holds whole addresses too, as tables of aliases do, those.
 */
export function wholeAddressSql(column: string, domain: DomainPlace, alias: string): string {
  const local = `${alias}.${quoteIdentifier(column)}::text`;
  return `(case when pg_catalog.strpos(${local}, '@') > 0 then ${local} else ${local} || '@' || ${domainSql(domain, alias)} end)`;
}

function domainSql({ column, reference }: DomainPlace, alias: string): string {
  if (reference === undefined) return `${alias}.${quoteIdentifier(column)}::text`;
  const { columns, toColumns, toTable, entry } = reference;
  // What is equal by convention is compared as text.
  const cast = entry.kind === 'soft' ? '::text' : '';
  const same = columns.map(
    (from, index) =>
      `postern_domain.${quoteIdentifier(toColumns[index] ?? '')}${cast} = ${alias}.${quoteIdentifier(from)}${cast}`,
  );
  return `(select postern_domain.${quoteIdentifier(column)}::text from ${tableName(toTable)} postern_domain where ${same.join(' and ')})`;
}
