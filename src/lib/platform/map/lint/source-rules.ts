import { encryptedColumns } from '../encrypted-column.ts';
import type { CatalogRule, MapRule } from './finding.ts';
import { at } from './map-model.ts';

export const unfitSource: MapRule = {
  id: 'MAP35',
  severity: 'error',
  demand:
    'what an encrypted field takes its values from is a field of the same table, encrypted by nothing else',
  *check(model) {
    for (const table of model.tables.values()) {
      const taken = new Set<string>();
      const fields = new Map(table.fields);
      for (const [name, { encrypted }] of table.fields) {
        if (encrypted?.from === undefined) continue;
        const { from, format } = encrypted;
        const path = at(table, 'fields', name, 'encrypted', 'from');
        const source = fields.get(from);
        if (format === 'other') {
          yield { path, message: `only the application can write the format of ${name}` };
        } else if (source?.type === undefined) {
          yield { path, message: `${table.name} has no field ${from} in the map` };
        } else if (source.encrypted !== undefined) {
          yield { path, message: `${from} is encrypted itself` };
        } else if (taken.has(from)) {
          yield { path, message: `another field takes its values from ${from} too` };
        }
        taken.add(from);
      }
    }
  },
};

/** Types whose values are bytes, or text that is bound as UTF-8. */
const sourceTypes: Readonly<Record<'plain' | 'pgcrypto', readonly string[]>> = {
  plain: ['text', 'character varying', 'bytea'],
  pgcrypto: ['bytea'],
};

export const unfitSourceType: CatalogRule = {
  id: 'MAP36',
  severity: 'error',
  demand: 'what an encrypted field takes its values from is text, varchar or bytea, and bytea from pgcrypto',
  *check({ map, tables }, { relations }) {
    for (const { table, column, source } of encryptedColumns(map)) {
      if (source === undefined) continue;
      const found = relations.get(table)?.columns.find(({ name }) => name === source.column);
      const key = tables.get(table);
      // An unknown column is told by MAP02.
      if (key === undefined || found === undefined || isSourceType(found.baseType, source.format)) continue;
      yield {
        path: at(key, 'fields', column, 'encrypted', 'from'),
        message: `${source.column} is ${found.type}, which is not ${sourceTypes[source.format].join(', ')}`,
      };
    }
  },
};

export const unfitEncryptedType: CatalogRule = {
  id: 'MAP42',
  severity: 'error',
  demand: 'an encrypted field in postern’s format is bytea, or a domain over it',
  *check({ map, tables }, { relations }) {
    for (const { table, column, format } of encryptedColumns(map)) {
      const found = relations.get(table)?.columns.find(({ name }) => name === column);
      const mapped = tables.get(table);
      // An unknown column is told by MAP02.
      if (format !== 'postern' || mapped === undefined || found === undefined || found.baseType === 'bytea')
        continue;
      yield {
        path: at(mapped, 'fields', column, 'encrypted'),
        message: `${column} is ${found.type} in the database, not bytea`,
      };
    }
  },
};

/** Whether values of this type (without domains) can be taken from a column. */
export function isSourceType(baseType: string, format: 'plain' | 'pgcrypto'): boolean {
  return sourceTypes[format].includes(baseType.replace(/\(.*\)$/, ''));
}
