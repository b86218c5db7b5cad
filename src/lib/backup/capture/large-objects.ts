import { createHash } from 'node:crypto';
import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { addSums, type TableSum } from '../format/row-checksum.ts';
import { lineLiteral } from '../format/sql-text.ts';
import { beginPart, type PartWriter, type SealedFile, type SealOptions } from '../worker/part-writer.ts';

export interface LargeObjectPart {
  readonly part: number;
  readonly sealed: SealedFile;
}

/** Read from the server at once, in bytes. */
const readSize = 2 ** 20;
/** A part's text at the most: it is run as one script. */
const maxPlainSize = 64 * 2 ** 20;

/**
 * Copies the large objects with owner, privileges and comment, as scripts that make each under its own number.
 * @returns how many there are, and a checksum as a table's: one "row" an object, its text `oid TAB bytes`
 */
export async function copyLargeObjects(
  db: Queryable,
  seal: SealOptions & { readonly partSize: number },
  onPart: (part: LargeObjectPart) => Promise<void>,
): Promise<TableSum> {
  let sum: TableSum = addSums([]);
  let writer: PartWriter | undefined;
  let plain = 0;
  let number = 0;
  const write = async (line: string): Promise<void> => {
    if (writer === undefined) {
      writer = await beginPart(seal);
      writer.write(Buffer.from(`SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n`));
      plain = 0;
    }
    writer.write(Buffer.from(line));
    plain += line.length;
    if (writer.size < seal.partSize && plain < maxPlainSize) return;
    await end();
  };
  const end = async (): Promise<void> => {
    if (writer === undefined) return;
    number += 1;
    await onPart({ part: number, sealed: await writer.finish() });
    writer = undefined;
  };
  for await (const object of largeObjects(db)) {
    await write(`SELECT pg_catalog.lo_create('${object.oid}');\n`);
    sum = addSums([sum, await copyContents(db, object.oid, write)]);
    for (const statement of ownership(object)) await write(`${statement};\n`);
  }
  await end();
  return sum;
}

/** The same sum of a database, for the comparison after a restore. */
export async function sumLargeObjects(db: Queryable): Promise<TableSum> {
  let sum: TableSum = addSums([]);
  for await (const { oid } of largeObjects(db))
    sum = addSums([sum, await copyContents(db, oid, async () => {})]);
  return sum;
}

async function copyContents(
  db: Queryable,
  oid: string,
  write: (line: string) => Promise<void>,
): Promise<TableSum> {
  const hash = createHash('sha256').update(`${oid}\t`);
  for (let offset = 0; ; offset += readSize) {
    const { rows } = await db.query<{ data: Buffer }>(
      'select pg_catalog.lo_get($1::pg_catalog.oid, $2, $3) as data',
      [oid, offset, readSize],
    );
    const data = rows[0]?.data ?? Buffer.alloc(0);
    hash.update(data);
    if (data.byteLength > 0)
      await write(`SELECT pg_catalog.lo_put('${oid}', ${offset}, '\\x${data.toString('hex')}');\n`);
    if (data.byteLength < readSize) break;
  }
  return { rows: 1, checksum: hash.digest('hex').slice(0, 32) };
}

interface LargeObject {
  /** As text: an oid goes up to 2³² − 1. */
  readonly oid: string;
  readonly owner: string;
  readonly comment: string | null;
  readonly acl:
    | readonly { readonly grantee: string | null; readonly privilege: string; readonly grantable: boolean }[]
    | null;
}

async function* largeObjects(db: Queryable): AsyncGenerator<LargeObject> {
  let after = '0';
  for (;;) {
    const { rows } = await db.query<LargeObject>(page, [after]);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.oid;
  }
}

const page = `select l.oid::text as oid, pg_catalog.pg_get_userbyid(l.lomowner)::text as owner,
       pg_catalog.obj_description(l.oid, 'pg_largeobject') as comment,
       (select pg_catalog.json_agg(pg_catalog.json_build_object(
            'grantee', case when a.grantee = 0 then null else pg_catalog.pg_get_userbyid(a.grantee) end,
            'privilege', a.privilege_type, 'grantable', a.is_grantable) order by a.grantee, a.privilege_type)
          from pg_catalog.aclexplode(l.lomacl) a) as acl
  from pg_catalog.pg_largeobject_metadata l
 where l.oid > $1::pg_catalog.oid order by l.oid limit 500`;

function ownership({ oid, owner, comment, acl }: LargeObject): readonly string[] {
  const quotedOwner = quoteIdentifier(owner);
  return [
    ...(comment === null ? [] : [`COMMENT ON LARGE OBJECT ${oid} IS ${lineLiteral(comment)}`]),
    `ALTER LARGE OBJECT ${oid} OWNER TO ${quotedOwner}`,
    ...(acl === null ? [] : [`REVOKE ALL ON LARGE OBJECT ${oid} FROM ${quotedOwner}`]),
    ...(acl ?? []).map(
      ({ grantee, privilege, grantable }) =>
        `GRANT ${privilege} ON LARGE OBJECT ${oid} TO ${grantee === null ? 'PUBLIC' : quoteIdentifier(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
    ),
  ];
}
