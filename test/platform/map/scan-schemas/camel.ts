import { canary, type PlantedSchema } from './planted.ts';

/** Quoted camelCase names as an ORM makes them, composite keys, arrays, nested JSON documents. */
export const camelSchema: PlantedSchema = {
  name: 'camel case names, composite keys and JSON documents',
  sql: `
create schema "mailApp";
create type "mailApp"."FolderKind" as enum ('inbox', 'sent');
create table "mailApp"."Workspace" ("workspaceId" uuid primary key default gen_random_uuid(), "isTrial" boolean not null default false, plan varchar(20));
create table "mailApp"."UserAccount" (
  "workspaceId" uuid not null references "mailApp"."Workspace" on delete restrict,
  "userNo" int not null, "loginMail" text, "Display Name" text, "lastSeenAt" timestamptz,
  primary key ("workspaceId", "userNo"));
create table "mailApp"."MailItem" (
  "itemId" bigserial primary key, "workspaceId" uuid not null, "userNo" int not null, "folderKind" "mailApp"."FolderKind",
  "allRecipients" text[] not null default '{}', "sentFrom" varchar(200), "envelopeDoc" jsonb, "legacyDoc" json, "nothingHere" jsonb, tags text[],
  foreign key ("workspaceId", "userNo") references "mailApp"."UserAccount" on delete cascade);
create table "mailApp"."itemEvent" ("itemEventId" bigserial primary key, "mailItemId" bigint, "payloadText" text, "eventKind" text);
insert into "mailApp"."Workspace" (plan) select 'basic' from generate_series(1, 3);
insert into "mailApp"."UserAccount" select "workspaceId", n, '${canary}' || n || '@example.org', 'x', now() from "mailApp"."Workspace", generate_series(1, 10) n;
insert into "mailApp"."MailItem" ("workspaceId", "userNo", "folderKind", "allRecipients", "sentFrom", "envelopeDoc", "legacyDoc", "nothingHere", tags)
select "workspaceId", "userNo", 'inbox', array['${canary}.a@example.net', '${canary}.b@example.net'],
  '"${canary}, Ann" <${canary}' || "userNo" || '@example.com>',
  jsonb_build_object('rcpt', jsonb_build_array(jsonb_build_object('addr', '${canary}@example.org', 'kind', 'to')), 'size', 4,
    'deep', jsonb_build_object('trace', jsonb_build_array(jsonb_build_array(jsonb_build_object('who', 'x', 'reply-to', '${canary}@example.org'))))),
  json_build_object('byAddress', json_build_object('${canary}@example.org', true)),
  '{"a": 1, "b": ["c", "d@", "@e.org", "f@g"]}', array['red', 'green']
from "mailApp"."UserAccount", generate_series(1, 3);
insert into "mailApp"."itemEvent" ("mailItemId", "payloadText", "eventKind")
select "itemId", case when "itemId" = 17 then 'bounced from ${canary}@example.org at once' else 'delivered' end, 'delivery' from "mailApp"."MailItem";
`,
  planted: [
    {
      table: 'mailApp.UserAccount',
      column: 'loginMail',
      says: 'each the whole of it',
      entry: { type: 'text', category: 'user.contact.email', identity: 'person.email', erase: 'set-null' },
    },
    {
      table: 'mailApp.MailItem',
      column: 'allRecipients',
      says: 'in clear',
      entry: {
        type: 'text[]',
        category: 'user.contact.email',
        identity: 'person.email',
        erase: { redact: 'element' },
      },
    },
    {
      table: 'mailApp.MailItem',
      column: 'sentFrom',
      says: 'address-list',
      entry: {
        type: 'character varying(200)',
        category: 'user.contact.email',
        parser: 'address-list',
        erase: { redact: 'address' },
      },
    },
    {
      table: 'mailApp.MailItem',
      column: 'envelopeDoc',
      paths: ['$.deep.trace[*][*]["reply-to"]', '$.rcpt[*].addr'],
      says: 'in clear',
    },
    {
      table: 'mailApp.MailItem',
      column: 'legacyDoc',
      paths: ['$.byAddress'],
      says: 'as keys of an object',
      entry: { paths: { '$.byAddress': { category: 'user.contact.email', erase: 'TODO' } } },
    },
    {
      table: 'mailApp.itemEvent',
      column: 'payloadText',
      says: 'in 1 of 90 values',
      entry: { type: 'text', category: 'user.contact.email', parser: 'text', erase: { redact: 'address' } },
    },
  ],
  clean: [
    ['mailApp.MailItem', 'nothingHere'],
    ['mailApp.MailItem', 'tags'],
    ['mailApp.itemEvent', 'eventKind'],
    ['mailApp.UserAccount', 'Display Name'],
  ],
  soft: [['mailApp.itemEvent.mailItemId', 'mailApp.MailItem.itemId']],
};
