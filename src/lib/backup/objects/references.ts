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

/** What the snapshots refer to; it outlives them. */
export interface HeldReferences {
  /** Every key of a bucket, as UTF-8, each once, in ascending byte order. Memory holds one fetch of each database. */
  keysOf(bucket: string): AsyncGenerator<Buffer>;
}

/**
 * Asks each database for the keys of each bucket. The databases sort and keep the answers, so that the snapshots need
 * not be held while the objects are read, which may take hours: nothing is vacuumed meanwhile.
 * @throws {PosternError} exit 2, `object-map-stale`
 */
export async function holdReferences(
  sources: readonly Pick<OpenSource, 'source' | 'snapshot'>[],
  buckets: readonly string[],
): Promise<HeldReferences> {
  const held = new Map<string, readonly Cursor[]>();
  for (const [index, bucket] of buckets.entries()) {
    const cursors: Cursor[] = [];
    for (const { source, snapshot } of sources) {
      const named = (source.objectKeys ?? []).filter((reference) => reference.bucket === bucket);
      if (named.length === 0) continue;
      const { client, catalog } = snapshot;
      const name = `postern_object_keys_${index}`;
      const sql = keysSql(checkedReferences(source.name, named, catalog), catalog.database.encoding);
      await client.query(`DECLARE ${name} NO SCROLL CURSOR WITH HOLD FOR ${sql}`);
      cursors.push({ client, name });
    }
    held.set(bucket, cursors);
  }
  return {
    keysOf: (bucket) => mergeSorted((held.get(bucket) ?? []).map(fetchKeys), (a, b) => a.compare(b)),
  };
}

interface Cursor {
  readonly client: Client;
  readonly name: string;
}

async function* fetchKeys({ client, name }: Cursor): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const { rows } = await client.query<{ key: Buffer }>(`FETCH ${fetchSize} FROM ${name}`);
      for (const { key } of rows) yield key;
      if (rows.length < fetchSize) return;
    }
  } finally {
    // A connection that is gone has closed it, and its error is what counts.
    await client.query(`CLOSE ${name}`).catch(() => {});
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
