// The limit of a re-encryption: the same reading and comparing-and-swapping, with other bytes in the place of
// cryptography. argv: URL, workers, batch size.
import { withConnection } from '../../src/lib/base/postgres.ts';
import type { WalkedColumn } from '../../src/lib/key/column/walked-column.ts';
import { writeValues } from '../../src/lib/key/reencrypt/write-values.ts';

const [url = '', workers = '2', batchSize = '1000'] = process.argv.slice(2);
const size = Number(batchSize);
const nobody = '00000000-0000-4000-8000-000000000000';
/** As much of it as the statement is made of. */
const column = {
  table: 'app.token',
  column: 'secret',
  walkable: { kind: 'table', key: [{ name: 'id', type: 'bigint' }] },
  relation: { triggers: [] },
} as unknown as WalkedColumn;

await withConnection({ url, role: 'bench' }, async (client) => {
  const { rows } = await client.query<{ last: string }>('select max(id)::text as last from app.token');
  const end = Number(rows[0]?.last ?? 0) + 1;
  const share = Math.ceil(end / Number(workers));
  await Promise.all(
    Array.from({ length: Number(workers) }, (_, worker) =>
      swap(worker * share - 1, Math.min(end, (worker + 1) * share)),
    ),
  );
});

async function swap(from: number, end: number): Promise<void> {
  await withConnection({ url, role: 'bench' }, async (client) => {
    for (let after = from; ; ) {
      const { rows } = await client.query<{ id: string; secret: Buffer }>(
        'select id::text as id, secret from app.token where id > $1 and id < $2 order by id limit $3',
        [after, end, size],
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      after = Number(last.id);
      await writeValues(
        client,
        column,
        rows.map(({ id, secret }) => ({
          key: [id],
          old: secret,
          value: Buffer.from(secret).fill(secret[100] ?? 0, 100, 110),
          keyId: nobody,
        })),
      );
    }
  });
}
