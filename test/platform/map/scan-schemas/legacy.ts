import { canary, type PlantedSchema } from './planted.ts';

/** An old hoster's platform: prefixes everywhere, encodings of every kind, partitions, citext, a ring of foreign keys. */
export const legacySchema: PlantedSchema = {
  name: 'encoded values, partitions, domains and citext',
  sql: `
create extension citext;
create domain mbx_addr as citext check (value ~ '@');
create domain raw_mail as bytea;
create table t_cust (c_nr int primary key, c_main_dom int, c_bill mbx_addr);
create table t_dom (d_nr int primary key, d_cust int not null references t_cust, d_fqdn citext unique, d_admin mbx_addr not null);
alter table t_cust add foreign key (c_main_dom) references t_dom on delete set null;
create table t_mbx (m_nr int primary key, m_dom int not null references t_dom on delete cascade, m_fwd mbx_addr[], m_hash text, m_quota bigint);
create table t_log (l_at timestamptz not null, l_nr bigint not null, l_mbx int, l_rcpt_b64 text, l_rcpt_hex text, l_url text, l_ip inet, primary key (l_at, l_nr)) partition by range (l_at);
create table t_log_a partition of t_log for values from ('2025-01-01') to ('2025-07-01');
create table t_log_b partition of t_log for values from ('2025-07-01') to ('2026-01-01') partition by list (l_nr);
create table t_log_b1 partition of t_log_b default;
create table t_spool (s_nr bigint primary key, s_raw bytea, s_b64 text, s_bin bytea, s_gz bytea, s_dom raw_mail, s_noise bytea, s_at timestamptz);
create function touch() returns trigger language plpgsql as $$ begin new.s_at := now(); return new; end $$;
create function copy_out() returns trigger language plpgsql as $$ begin insert into t_log values (now()); return new; end $$;
create trigger spool_touch before update on t_spool for each row execute function touch();
create trigger spool_copy before update on t_spool for each row execute function copy_out();
create materialized view v_senders as select d_nr, d_admin from t_dom;
create table t_nokey (n_mail text, n_seen date);
insert into t_cust select n, null, '${canary}@example.org' from generate_series(1, 5) n;
insert into t_dom select n, n, n || '.example.org', '${canary}@example.org' from generate_series(1, 5) n;
insert into t_mbx select n, 1 + n % 5, array['${canary}' || n || '@example.org']::mbx_addr[], md5(n::text), n from generate_series(1, 40) n;
insert into t_log select '2025-03-01'::timestamptz + n * interval '5 days', n, 1 + n % 40,
  encode(convert_to('RCPT TO:<${canary}' || n || '@example.org> NOTIFY=NEVER', 'UTF8'), 'base64'),
  encode(convert_to('${canary}@example.org', 'UTF8'), 'hex'), 'https://x.example/u?mail=${canary}%40example.org&n=1', '10.0.0.1'
from generate_series(1, 50) n;
insert into t_spool select n, convert_to(E'From: ${canary} <${canary}@example.org>\\r\\nTo: b@example.org\\r\\nSubject: x\\r\\n\\r\\nhello\\r\\n', 'UTF8'),
  E'Content-Type: text/plain\\n\\n' || encode(convert_to(E'a letter to ${canary}@example.org about nothing in particular, and rather long so that it wraps\\n', 'UTF8'), 'base64'),
  '\\x0a17'::bytea || convert_to('${canary}@example.org', 'UTF8') || '\\x1205ff00fe'::bytea, :gzip,
  convert_to(E'From: caf', 'UTF8') || '\\xe9'::bytea || convert_to(E' <${canary}@example.org>\\r\\nTo: x\\r\\n', 'UTF8'),
  sha512(convert_to(n::text, 'UTF8')) || sha512(convert_to(n::text || 'x', 'UTF8')), now()
from generate_series(1, 30) n;
insert into t_nokey select '${canary}@example.org', '2025-01-01';
refresh materialized view v_senders;
`,
  planted: [
    {
      table: 'public.t_cust',
      column: 'c_bill',
      says: 'each the whole of it',
      entry: {
        type: 'public.mbx_addr',
        category: 'user.contact.email',
        identity: 'TODO',
        erase: 'set-null',
      },
    },
    {
      table: 'public.t_dom',
      column: 'd_admin',
      says: 'each the whole of it',
      entry: {
        type: 'public.mbx_addr',
        category: 'user.contact.email',
        identity: 'TODO',
        erase: 'TODO',
      },
    },
    { table: 'public.t_mbx', column: 'm_fwd', says: 'each the whole of it' },
    {
      table: 'public.t_log',
      column: 'l_rcpt_b64',
      says: 'in base64',
      entry: { type: 'text', category: 'user.contact.email', parser: 'base64', erase: { redact: 'address' } },
    },
    { table: 'public.t_log', column: 'l_rcpt_hex', says: 'in hexadecimal' },
    { table: 'public.t_log', column: 'l_url', says: 'inside text' },
    {
      table: 'public.t_spool',
      column: 's_raw',
      says: 'rfc5322',
      entry: {
        type: 'bytea',
        category: 'user.contact.email',
        parser: 'rfc5322',
        erase: { redact: 'address' },
      },
    },
    { table: 'public.t_spool', column: 's_b64', says: 'in base64' },
    { table: 'public.t_spool', column: 's_bin', says: 'in clear' },
    { table: 'public.t_spool', column: 's_gz', says: 'compressed' },
    { table: 'public.t_spool', column: 's_dom', says: 'rfc5322' },
    { table: 'public.v_senders', column: 'd_admin', says: 'each the whole of it' },
    { table: 'public.t_nokey', column: 'n_mail', says: 'each the whole of it' },
  ],
  clean: [
    ['public.t_mbx', 'm_hash'],
    ['public.t_dom', 'd_fqdn'],
    ['public.t_spool', 's_noise'],
  ],
  soft: [],
};
