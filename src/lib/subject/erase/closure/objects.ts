import type { Queryable } from '../../../base/postgres.ts';
import { type MapModel, parseObjectKey, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import { keyEquals } from './key-equals.ts';
import type { Treatment } from './treatment.ts';
import { workTable } from './work.ts';

/** Objects that rows name which go. */
export interface FrozenObjects {
  readonly bucket: string;
  readonly objects: number;
}

/** Writes down the keys of the objects that go with their rows, before the rows are gone: each once. */
export async function freezeObjects(db: Queryable, task: FreezeTask): Promise<readonly FrozenObjects[]> {
  const objects = workTable(task.work, 'objects');
  await db.query(
    `create table if not exists ${objects} (postern_seq bigint generated always as identity, bucket text not null, key text not null, versions int, primary key (bucket, key))`,
  );
  for (const { table, bucket, keySql, where } of objectKeys(task.graph.model)) {
    const treatment = task.treatments.get(table);
    if (treatment === undefined || !isWritable(treatment)) continue;
    const same = sameKey(treatment);
    await db.query(
      `insert into ${objects} (bucket, key) select distinct ${quoteLiteral(bucket)}, ${keySql}
       from ${tableName(table)} t join ${workTable(task.work, treatment.number)} w on ${same}
       where w.postern_action = 'delete' and ${where} and ${keySql} is not null on conflict do nothing`,
    );
  }
  await db.query(`analyze ${objects}`);
  const { rows } = await db.query<FrozenObjects>(
    `select bucket, count(*)::float8 as objects from ${objects} group by bucket order by bucket`,
  );
  return rows;
}

/** How the rows of a table name objects. */
interface ObjectKeySql {
  readonly table: string;
  /** Of the map. */
  readonly field: string;
  readonly bucket: string;
  /** SQL over `t`. */
  readonly keySql: string;
  readonly where: string;
}

export function objectKeys({ tables }: MapModel): readonly ObjectKeySql[] {
  return [...tables.values()].flatMap(({ name, fields }) =>
    fields.flatMap(([field, { type, object }]) => {
      const key = object === undefined ? undefined : parseObjectKey(object.key);
      if (object === undefined || key === undefined) return [];
      const parts = key.map((part) =>
        'text' in part ? quoteLiteral(part.text) : `t.${quoteIdentifier(part.column)}::text`,
      );
      const where = type === undefined ? 'true' : `t.${quoteIdentifier(field)} is not null`;
      return [{ table: name, field, bucket: object.bucket, keySql: parts.join(' || '), where }];
    }),
  );
}

const sameKey = ({ key }: Treatment): string => keyEquals(key, 't', 'w');
