import { formatName } from '../../../../src/lib/platform/map/index.ts';
import { canary, type PlantedSchema } from './planted.ts';

const table = `t'; drop table "keep me"; --`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const hostileColumns = [
  `a'b`,
  'select',
  'a.b',
  ' blank ',
  'null',
  'true',
  '# no comment',
  'line\nbreak',
  'tab\tbed',
  'x: {y}',
  '\u001b[31mred',
  '\u202eabc',
  'ünï😀',
  '$1',
  '{id}',
  '123',
  'quote""d',
  'pg_catalog.text); --',
  '-',
  'constructor',
];

/** Names that are SQL, YAML, terminal commands or nothing at all. */
export const hostileSchema: PlantedSchema = {
  name: 'hostile names',
  sql: `
create schema "my.schema";
create domain "my.schema"."Bad ""Type""" as text;
create table "my.schema"."keep me" ("ID" int primary key);
create table "my.schema".${quoted(table)} (id int primary key, "ID" int references "my.schema"."keep me", ${hostileColumns
    .map((name) => `${quoted(name)} "my.schema"."Bad ""Type"""`)
    .join(', ')});
insert into "my.schema"."keep me" values (1);
insert into "my.schema".${quoted(table)} values (1, 1, ${hostileColumns.map(() => `'${canary}@example.org'`).join(', ')});
create function "my.schema"."f'n"() returns trigger language plpgsql as 'begin return new; end';
create trigger "tr.igger ""x""" before insert on "my.schema".${quoted(table)} for each row execute function "my.schema"."f'n"();
`,
  planted: hostileColumns.map((column) => ({
    table: formatName('my.schema', table),
    column,
    says: 'in 1 of 1 value',
  })),
  clean: [],
  soft: [],
};
