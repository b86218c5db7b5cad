import type { Sequence } from '../../platform/catalog/index.ts';
import { qualifiedName } from '../../platform/quote.ts';
import { privilegeMissing } from '../database-failure.ts';
import { lineLiteral } from '../format/sql-text.ts';

/**
 * Sets every sequence where it stood. Sequences are outside transactions: they were read after the snapshot was
 * taken, so no value that a row of the snapshot uses can come again.
 * @throws {PosternError} exit 1, `privilege-missing`
 */
export function sequencesScript(sequences: readonly Sequence[]): string {
  return sequences
    .map(({ schema, name, lastValue, called }) => {
      if (lastValue === null || called === null) {
        throw privilegeMissing(`the backup role cannot read the sequence ${qualifiedName(schema, name)}`);
      }
      const sequence = lineLiteral(qualifiedName(schema, name));
      return `SELECT pg_catalog.setval(${sequence}::pg_catalog.regclass, ${lastValue}, ${called});\n`;
    })
    .join('');
}
