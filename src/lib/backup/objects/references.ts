import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { Catalog } from '../../platform/catalog/index.ts';
import { formatName } from '../../platform/map/index.ts';
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import type { OpenSource } from '../capture/database.ts';
import { mergeSorted } from './merge-sorted.ts';
import type { ObjectReference } from './settings.ts';

/** Rows that are fetched at once. */
const fetchSize = 5000;

/**
 * Every key of a bucket that the snapshots refer to, as UTF-8, each once, in ascending byte order. The databases sort;
 * here, memory holds one fetch of each.
 */
export function referencedKeys(
  sources: readonly Pick<OpenSource, 'source' | 'snapshot'>[],
  bucket: string,
): AsyncGenerator<Buffer> {
  const streams = sources.flatMap(({ source, snapshot }) => {
    const named = (source.objectKeys ?? []).filter((reference) => reference.bucket === bucket);
    if (named.length === 0) return [];
    const references = checkedReferences(source.name, named, snapshot.catalog);
    return [fetchKeys(snapshot.client, keysSql(references, snapshot.catalog.database.encoding))];
  });
  return mergeSorted(streams, (a, b) => a.compare(b));
}

async function* fetchKeys(client: Client, sql: string): AsyncGenerator<Buffer> {
  await client.query(`DECLARE postern_object_keys NO SCROLL CURSOR FOR ${sql}`);
  try {
    for (;;) {
      const { rows } = await client.query<{ key: Buffer }>(`FETCH ${fetchSize} FROM postern_object_keys`);
      for (const { key } of rows) yield key;
      if (rows.length < fetchSize) return;
    }
  } finally {
    // After an error the transaction takes no more statements, and the error is what counts.
    await client.query('CLOSE postern_object_keys').catch(() => {});
  }
}

/** As bytes, because databases sort text by their own rules. A row with a null in its key names no object. */
function keysSql(references: readonly ObjectReference[], encoding: string): string {
  // Without an encoding the bytes are what they are; to convert them would be to refuse some.
  const target = encoding === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
  const selects = references.map(({ table, key, column }) => {
    const parts = key.map((part) =>
      'text' in part ? quoteLiteral(part.text) : `${quoteIdentifier(part.column)}::pg_catalog.text`,
    );
    const condition = column === undefined ? '' : ` WHERE ${quoteIdentifier(column)} IS NOT NULL`;
    return `SELECT pg_catalog.convert_to(${parts.join(' || ')}, '${target}') AS key FROM ${table}${condition}`;
  });
  return `SELECT DISTINCT key FROM (${selects.join(' UNION ALL ')}) AS keys WHERE key IS NOT NULL ORDER BY key`;
}

/**
 * The references with their tables' names quoted, checked against the database.
 * @throws {PosternError} exit 2, `object-map-stale` when the map names what the database lacks
 */
export function checkedReferences(
  source: string,
  references: readonly ObjectReference[],
  catalog: Catalog,
): readonly ObjectReference[] {
  const relations = new Map(
    catalog.relations.map((relation) => [formatName(relation.schema, relation.name), relation]),
  );
  return references.map((reference) => {
    const relation = relations.get(reference.table);
    const columns = [
      ...reference.key.map((part) => ('column' in part ? part.column : undefined)),
      reference.column,
    ];
    const lacking = columns.find(
      (column) => column !== undefined && relation?.columns.some(({ name }) => name === column) !== true,
    );
    if (relation !== undefined && lacking === undefined)
      return { ...reference, table: qualifiedName(relation.schema, relation.name) };
    const what = lacking === undefined ? '' : `.${lacking}`;
    throw usageError(
      `the data map of ${source} makes object keys of ${reference.table}${what}, and the database has none`,
      { code: 'object-map-stale', hints: ['mend the map: `postern map lint`'] },
    );
  });
}
