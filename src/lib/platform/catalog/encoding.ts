import { failure } from '../../base/error.ts';
import type { CatalogRows } from './assemble.ts';

/**
 * Refuses a database that has names in bytes that are no UTF-8. Only SQL_ASCII stores such bytes and sends them as
 * they are; they arrive as U+FFFD, and no statement could be written that means the same name.
 * @throws {PosternError} exit 1, `catalog-encoding`
 */
export function checkNames(rows: CatalogRows): void {
  if (rows.database[0]?.encoding !== 'SQL_ASCII') return;
  for (const [part, list] of Object.entries(rows)) {
    for (const row of list as readonly Readonly<Record<string, unknown>>[]) {
      for (const [key, value] of Object.entries(row)) {
        if (!isName(key) || !names(value).some((name) => name.includes('\uFFFD'))) continue;
        throw failure(
          `the ${key} ${JSON.stringify(value)} of a ${part} is stored in bytes that are no UTF-8`,
          {
            code: 'catalog-encoding',
            hints: [
              'a SQL_ASCII database keeps bytes as they come: rename it, from a client with the encoding it was made in',
            ],
          },
        );
      }
    }
  }
}

const isName = (key: string): boolean =>
  [
    'name',
    'schema',
    'table',
    'columns',
    'referencedSchema',
    'referencedTable',
    'referencedColumns',
    'included',
    'owner',
  ].includes(key);

const names = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter((item) => typeof item === 'string');
