import type { Client } from '../../base/postgres.ts';
import { qualifiedName } from '../../platform/quote.ts';
import type { FamilyOf } from './post-data-order.ts';

/** Asks a database which of its tables are partitions or children of each other. */
export async function readFamilies(client: Client): Promise<FamilyOf> {
  const { rows } = await client.query<Inheritance>(inheritance);
  const above = new Map<string, string>();
  const top = (table: string): string => {
    let highest = table;
    for (let next = above.get(highest); next !== undefined; next = above.get(highest)) highest = next;
    return highest;
  };
  const members = new Set<string>();
  for (const { childSchema, child, parentSchema, parent } of rows) {
    const [lower, upper] = [qualifiedName(childSchema, child), qualifiedName(parentSchema, parent)];
    members.add(lower).add(upper);
    // A table with several parents joins their families.
    const [from, to] = [top(lower), top(upper)];
    if (from !== to) above.set(from, to);
  }
  return (table) => (members.has(table) ? top(table) : undefined);
}

interface Inheritance {
  readonly childSchema: string;
  readonly child: string;
  readonly parentSchema: string;
  readonly parent: string;
}

const inheritance = `select cn.nspname as "childSchema", c.relname as child, pn.nspname as "parentSchema", p.relname as parent
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class c on c.oid = i.inhrelid join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
  join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
 where c.relkind in ('r', 'p', 'f')
 order by i.inhrelid, i.inhseqno`;
