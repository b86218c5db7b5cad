import { fakePasswordHash } from './password-hash.ts';
import { accountAt, contactPerson, personAt, tenantDomain } from './person.ts';
import { randomFor, uuidFrom } from './random.ts';
import { day, rowsOf, type TableData } from './table.ts';
import { historyEnd, historyStart, momentOf, type World } from './world.ts';

const mailboxNames = ['INBOX', 'Sent', 'Archive', 'Junk', 'Trash'];

/** Customers, their people and what these keep, apart from mail. */
export function accountTables(world: World): readonly TableData[] {
  return [
    tenants(world),
    accounts(world),
    aliases(world),
    mailboxes(world),
    contacts(world),
    contactTimeline(world),
  ];
}

/** Every seventh tenant but the first left in the spring; nobody has deleted its data. */
function hasLeft(tenantId: number): boolean {
  return tenantId % 7 === 0;
}

/** Tenants with this id or a smaller one have a logo, which is a large object. */
export const tenantsWithLogo = 3;
export const firstLogoOid = 900_000;

function tenants({ seed, counts, prose }: World): TableData {
  return {
    table: 'mail.tenants',
    columns: {
      id: 'int4',
      slug: 'text',
      name: 'text',
      contact_email: 'text',
      plan: 'text',
      region: 'text',
      status: 'text',
      created_at: 'timestamptz',
      contract_ended_on: 'date',
      logo: 'int4',
    },
    rows: () =>
      rowsOf(counts.tenants, (index) => {
        const id = index + 1;
        const random = randomFor(seed, 'tenant', index);
        const name = `${prose.word(random)} ${prose.word(random)} ${random.pick(['GmbH', 'Ltd', 'SA', 'Oy', 'Kft'])}`;
        return [
          id,
          `tenant-${id}`,
          name,
          `privacy@${tenantDomain(id)}`,
          random.pick(['team', 'business', 'scale']),
          random.pick(['eu-central-1', 'eu-west-1']),
          hasLeft(id) ? 'ended' : 'active',
          historyStart - index * 3_600_000,
          hasLeft(id) ? day(2026, 4, 30) : null,
          id <= tenantsWithLogo ? firstLogoOid + id : null,
        ];
      }),
  };
}

function accounts(world: World): TableData {
  const { seed, counts } = world;
  return {
    table: 'mail.accounts',
    columns: {
      id: 'int8',
      tenant_id: 'int4',
      local_part: 'text',
      domain: 'text',
      normalized_email: 'text',
      display_name: 'text',
      password_hash: 'text',
      status: 'text',
      mfa: 'text',
      legacy_token: 'text',
      created_at: 'timestamptz',
      last_login_at: 'timestamptz',
    },
    rows: () =>
      rowsOf(counts.accounts, (index) => {
        const { id, tenantId, name, localPart, domain, email } = accountAt(world, index);
        const random = randomFor(seed, 'account', -1 - index);
        return [
          id,
          tenantId,
          localPart,
          domain,
          email.toLowerCase(),
          name,
          fakePasswordHash(seed, id),
          random.chance(3) ? 'closed' : 'active',
          random.pick(['totp', 'webauthn', 'sms', null]),
          // F-K04: tokens in clear, left over from before encryption.
          index % 20 === 7 ? `ya29.${uuidFrom(random)}` : null,
          historyStart + random.below(86_400_000),
          historyEnd - random.below(2_000_000_000),
        ];
      }),
  };
}

function aliases(world: World): TableData {
  return {
    table: 'mail.aliases',
    columns: {
      id: 'int8',
      tenant_id: 'int4',
      account_id: 'int8',
      address: 'text',
      created_at: 'timestamptz',
    },
    rows: () =>
      rowsOf(world.counts.aliases, (index) => {
        const { id, tenantId, domain, name } = accountAt(world, index * 2);
        // Two accounts of a tenant must not get the same alias: the account's number makes it unique.
        const address =
          index % 5 === 0 ? `Sales.${id}@${domain}` : `${name.slice(0, 1).toLowerCase()}${id}@${domain}`;
        return [index + 1, tenantId, id, address, historyStart + index * 1000];
      }),
  };
}

function mailboxes(world: World): TableData {
  const each = world.counts.mailboxesPerAccount;
  return {
    table: 'mail.mailboxes',
    columns: { id: 'int8', tenant_id: 'int4', account_id: 'int8', name: 'text', uid_validity: 'int8' },
    rows: () =>
      rowsOf(world.counts.accounts * each, (index) => {
        const accountIndex = Math.floor(index / each);
        const { id, tenantId } = accountAt(world, accountIndex);
        return [index + 1, tenantId, id, mailboxNames[index % each] as string, 1_719_792_000 + index];
      }),
  };
}

function contactId({ seed }: World, index: number): string {
  return uuidFrom(randomFor(seed, 'contact', -1 - index));
}

function contacts(world: World): TableData {
  const { seed, counts, prose } = world;
  const each = counts.contactsPerAccount;
  return {
    table: 'mail.contacts',
    columns: {
      id: 'uuid',
      tenant_id: 'int4',
      account_id: 'int8',
      full_name: 'text',
      email: 'text',
      normalized_email: 'text',
      phone: 'text',
      notes: 'text',
      vcard: 'text',
      created_at: 'timestamptz',
    },
    rows: () =>
      rowsOf(counts.accounts * each, (index) => {
        const accountIndex = Math.floor(index / each);
        const random = randomFor(seed, 'contact', index + 0x4000_0000);
        const { name, email, phone } = personAt(world, contactPerson(world, accountIndex, index % each));
        const account = accountAt(world, accountIndex);
        // F-S02: an address inside free text.
        const notes = random.chance(20) ? `${prose.sentence(random)} Reach via ${email} or ${phone}.` : null;
        const vcard = `BEGIN:VCARD\r\nVERSION:4.0\r\nFN:${name}\r\nEMAIL:${email}\r\nTEL:${phone}\r\nEND:VCARD\r\n`;
        const shown = random.chance(10) ? email.toUpperCase() : email;
        return [
          contactId(world, index),
          account.tenantId,
          account.id,
          name,
          shown,
          email,
          phone,
          notes,
          vcard,
          momentOf(index, counts.accounts * each, random.bits()),
        ];
      }),
  };
}

/** What the trigger wrote in the past, for every tenth contact: F-S03. */
function contactTimeline(world: World): TableData {
  const each = world.counts.contactsPerAccount;
  return {
    table: 'mail.contact_timeline',
    columns: { id: 'int8', contact_id: 'uuid', changed_at: 'timestamptz', change: 'jsonb' },
    rows: () =>
      rowsOf(Math.ceil((world.counts.accounts * each) / 10), (position) => {
        const index = position * 10;
        const person = personAt(world, contactPerson(world, Math.floor(index / each), index % each));
        const change = JSON.stringify({ name: person.name, email: person.email, phone: person.phone });
        return [position + 1, contactId(world, index), historyStart + index * 60_000, change];
      }),
  };
}
