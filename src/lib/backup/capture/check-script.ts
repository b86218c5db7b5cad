import { qualifiedName } from '../../platform/quote.ts';
import type { ManifestTable } from '../format/manifest.ts';
import { lineLiteral } from '../format/sql-text.ts';

/** Counts every table of a restored database with psql alone, and stops at the first that differs. */
export function checkScript(tables: readonly ManifestTable[]): string {
  return tables
    .map(({ schema, name, rows, condition }) => {
      const table = qualifiedName(schema, name);
      const where = condition === undefined ? '' : ` ${condition}`;
      const body =
        `declare n bigint; begin select count(*) into n from only ${table}${where}; ` +
        `if n <> ${rows} then raise exception using message = ${lineLiteral(`${table} has `)} || n || ${lineLiteral(` rows, the backup has ${rows}`)}; end if; end`;
      return `DO ${lineLiteral(body)};\n`;
    })
    .join('');
}
