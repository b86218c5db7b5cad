-- What breaks writers of COPY text, and readers of it.
CREATE TABLE zoo.text_hazards (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text, second text);
INSERT INTO zoo.text_hazards (value, second) VALUES
  (NULL, NULL), ('', ''), (NULL, ''), ('', NULL), ('\N', 'NULL'), ('\.', '\.'), (E'\n\\.\n', E'\r\n\\.\r\n'),
  (E'\t', E'\n'), (E'\r', E'\r\n'), (E'\b\f\v', E'\x01\x02\x1b[31m\x7f'), ('\', '\\'), ('\\N', '\x'), ('\t', '\n'),
  (E'ends in a backslash\\', E'\\'), (' leading', 'trailing '), ('"', '""'), ('''', ''''''), (',', ';'),
  ('-- comment', '/* comment'), ('$$', '$body$'), ('\restrict abc', '\unrestrict abc'), ('{', '}'), ('%s %1$s', '\u0041'),
  ('<script>', '&amp;'), ('=1+1', '@SUM(A1)'), ('0', 'f'), (repeat(E'\n', 1000), repeat(E'\\', 1001));
INSERT INTO zoo.text_hazards (value) SELECT chr(n) || 'x' || chr(n) FROM generate_series(1, 127) AS n;

CREATE TABLE zoo.long_values (id integer PRIMARY KEY, value text, bytes bytea);
INSERT INTO zoo.long_values VALUES
  (1, repeat('0123456789', 2000000), NULL),
  (2, NULL, decode(repeat('00ff5c4e0a0d2e', 150000), 'hex')),
  (3, (SELECT string_agg(md5(n::text), E'\n' ORDER BY n) FROM generate_series(1, 40000) AS n), '');

CREATE TABLE zoo.extremes (
  id integer PRIMARY KEY,
  small smallint, medium integer, large bigint, exact numeric, single real, double double precision, cash money,
  day date, moment timestamp, instant timestamptz, clock time, zoned timetz, span interval,
  yes boolean, bits bit(5), more_bits bit varying, bytes bytea, id_128 uuid, lsn pg_lsn, txid xid8, snapshot pg_snapshot,
  object oid, relation regclass, routine regprocedure, kind regtype, role regrole, tuple tid, internal name,
  host inet, network cidr, card macaddr, card_8 macaddr8,
  document json, tree jsonb, path jsonpath, page xml, lexemes tsvector, search tsquery,
  spot point, endless line, segment lseg, rectangle box, route path, area polygon, round circle,
  integers int4range, numbers numrange, days daterange, instants tstzrange, many_days datemultirange
);
INSERT INTO zoo.extremes VALUES
  (1, -32768, -2147483648, -9223372036854775808, 'NaN', 'NaN', 'NaN', '-92233720368547758.08',
   '-infinity', '-infinity', '-infinity', '00:00', '00:00+15:59', '-178000000 years',
   true, B'10101', B'', '\x', '00000000-0000-0000-0000-000000000000', '0/0', '0', '1:1:',
   0, 'pg_class', 'pg_catalog.lower(text)', 'integer[]', 'zoo_owner', '(0,1)', 'name',
   '::', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00',
   ' {"a" : 1, "a" : 2, "u" : "\u0041\n"} ', '{"a": [1, 1e400, -0.0, null, ""], "": {}}', '$.a[*] ? (@ > 1)',
   '<a b="c">&lt;&#10;</a>', '''it''''s'':1A b:2,3', '''a b'' & !c <2> d:*A',
   '(0,0)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,0),(0,1))', '<(0,0),1>',
   'empty', '(,)', '[2024-02-29,)', '(-infinity,infinity)', '{}');
INSERT INTO zoo.extremes VALUES
  (2, 32767, 2147483647, 9223372036854775807, '-Infinity', '-Infinity', '-Infinity', '92233720368547758.07',
   'infinity', 'infinity', 'infinity', '24:00', '23:59:59.999999-15:59', '178000000 years 11 mons -3 days 23:59:59.999999',
   false, B'00000', B'000111', '\x00ff5c', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'FFFFFFFF/FFFFFFFF',
   '18446744073709551615', '10:20:10,14,15', 4294967295, NULL, NULL, NULL, NULL, '(4294967295,65535)', repeat('n', 63),
   'fe80::1/64', '2001:db8::/32', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff',
   'null', 'null', '$', '', '', '', '(NaN,Infinity)', '{0,1,5}', '[(1e300,1),(1,1e-300)]', '(1,1),(1,1)',
   '((0,0),(1,1))', '((1,1))', '<(1,1),0>', '[1,2147483647)', '[-1e100,1e100]', '(,0044-03-15 BC]',
   '["0001-01-01 00:00:00+00 BC",)', '{[2020-01-01,2020-02-01),[2021-01-01,)}');
INSERT INTO zoo.extremes VALUES
  (3, 0, 0, 0, 1e-1000, 1.1754944e-38, 2.2250738585072014e-308, 0, '4714-11-24 BC', '4714-11-24 00:00:00 BC',
   '4714-11-24 00:00:00+00 BC', '00:00:00.000001', '12:00+05:53:28', '1 mon -1 day 00:00:00.000001');
INSERT INTO zoo.extremes VALUES
  (4, NULL, NULL, NULL, 'Infinity', 'Infinity', 'Infinity', NULL, '5874897-12-31', '294276-12-31 23:59:59.999999',
   '294276-12-31 23:59:59.999999+00', NULL, NULL, '0');
INSERT INTO zoo.extremes VALUES
  (5, NULL, NULL, NULL, ('1' || repeat('0', 1000) || '.' || repeat('1', 1000))::numeric, 3.4028235e38,
   1.7976931348623157e308, NULL, '0001-12-31 BC', '0001-12-31 12:00 BC', '1883-11-18 12:03:57-07:52:58', NULL, NULL, NULL);
INSERT INTO zoo.extremes VALUES
  (6, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, '2024-02-29', '2024-06-30 23:59:60', '2024-03-31 02:30:00+00', '23:59:60',
   '02:30+02', '1.5 days');
INSERT INTO zoo.extremes VALUES
  (7, NULL, NULL, NULL, 1.10, -0.0::real, -0.0::double precision, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO zoo.extremes VALUES
  (8, NULL, NULL, NULL, 0.30000000000000004, 0.30000001, 0.30000000000000004, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
