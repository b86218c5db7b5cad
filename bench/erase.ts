// Persons erased among many messages, against statements as one would write them by hand for the same rows.
// npm run bench -- erase [messages] [persons] [runs] [messages of an account]
import { withConnection } from '../src/lib/base/postgres.ts';
import { type EraseBench, withEraseWorld } from './lib/erase-world.ts';
import { type Pair, runPair } from './lib/pairs.ts';
import type { Measured } from './lib/peak-memory.ts';
import { saveResult } from './lib/result.ts';

export async function bench([
  messages = '1000000',
  persons = '1000',
  runs = '3',
  each = '100',
]: readonly string[]): Promise<void> {
  await withEraseWorld(
    { messages: Number(messages), persons: Number(persons), each: Number(each) },
    async (world) => {
      let longest = 0;
      const work = `${Number(persons).toLocaleString('en')} persons among ${Number(messages).toLocaleString('en')} messages, subject erase`;
      const ours = async () => {
        await world.renew();
        const watched = await watchTransactions(world, () => world.erase());
        longest = Math.max(longest, watched.longest);
        return watched.measured;
      };
      const peers = [
        { peer: 'deletes and updates by hand', whose: 'everybody' },
        { peer: 'deletes by hand, which leave the mail of others as it is', whose: 'theirs' },
      ] as const;
      const pairs: Pair[] = [];
      for (const { peer, whose } of peers) {
        const theirs = async () => {
          await world.renew();
          return byHand(world, whose);
        };
        pairs.push(await runPair({ work, peer, goal: 0.5, runs: Number(runs), ours, theirs }));
      }
      process.stderr.write(`  longest transaction with row locks: ${longest.toFixed(2)} s\n`);
      saveResult({ name: 'erase', postgres: world.server.version, pairs, scale: [], profile: [] });
    },
  );
}

/** Asks the server all the while for the oldest transaction of ours that has locked or written rows of the platform. */
async function watchTransactions(
  { url }: EraseBench,
  work: () => Promise<Measured>,
): Promise<{ readonly measured: Measured; readonly longest: number }> {
  let longest = 0;
  const done = new AbortController();
  const watching = withConnection({ url, role: 'bench' }, async (client) => {
    while (!done.signal.aborted) {
      const { rows } = await client.query<{ seconds: number | null }>(
        `select max(extract(epoch from clock_timestamp() - a.xact_start))::float8 as seconds, pg_sleep(0.02)
         from pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid()
           and exists (select from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
             where l.pid = a.pid and n.nspname = 'mail' and l.mode in ('RowExclusiveLock', 'RowShareLock', 'ShareUpdateExclusiveLock'))`,
      );
      longest = Math.max(longest, rows[0]?.seconds ?? 0);
    }
  });
  const measured = await work();
  done.abort();
  await watching;
  return { measured, longest };
}

/** Seconds. The same rows go and the same addresses, with nothing planned, written down, compared or looked for. */
async function byHand({ url, addresses }: EraseBench, whose: 'theirs' | 'everybody'): Promise<number> {
  return withConnection({ url, role: 'bench' }, async (client) => {
    const began = performance.now();
    await client.query('create temp table gone (id bigint primary key, email text not null)');
    await client.query('insert into gone select id, email from mail.account where email = any($1::text[])', [
      addresses,
    ]);
    for (const statement of [
      'delete from mail.login where account_id in (select id from gone)',
      'delete from mail.part where message_id in (select m.id from mail.message m join mail.box b on b.id = m.box_id where b.account_id in (select id from gone))',
      'delete from mail.message where box_id in (select b.id from mail.box b where b.account_id in (select id from gone))',
      'delete from mail.box where account_id in (select id from gone)',
      ...(whose === 'theirs' ? [] : [takeOut]),
      'delete from mail.account where id in (select id from gone)',
    ]) {
      await client.query(statement);
    }
    return (performance.now() - began) / 1000;
  });
}

const takeOut = `update mail.message set
         recipients = array(select r from unnest(recipients) r where r not in (select email from gone)),
         head = (select string_agg(case when word in (select email from gone) then 'erased@erased.invalid' else word end, '' order by place)
           from regexp_matches(head, '[^\\s,]+|[\\s,]+', 'g') with ordinality w(words, place), lateral (select words[1] as word) one)
       where recipients && (select array_agg(email) from gone)`;
