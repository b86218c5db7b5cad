// The limit of a re-encryption: the same reading and comparing-and-swapping, with other bytes in the place of
// cryptography. argv: URL, workers, batch size.
import { withConnection } from '../../src/lib/base/postgres.ts';

const [url = '', workers = '2', batchSize = '1000'] = process.argv.slice(2);
const size = Number(batchSize);

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
      const changed = rows.map(({ secret }) => Buffer.from(secret).fill(secret[100] ?? 0, 100, 110));
      await client.query(
        `update app.token t set secret = n.new
         from unnest($1::bigint[], $2::bytea[], $3::bytea[]) n(id, old, new) where t.id = n.id and t.secret = n.old`,
        [rows.map(({ id }) => id), rows.map(({ secret }) => secret), changed],
      );
    }
  });
}
