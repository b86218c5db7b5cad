import { columnMagic, sealColumnValueWithSalt } from '../../crypto/column-value.ts';
import { saltedKey, subjectKeys } from './keyring.ts';
import { accountAt, contactPerson, personAt } from './person.ts';
import { randomBytesFrom, randomFor, uuidFrom } from './random.ts';
import { day, rowsOf, type TableData } from './table.ts';
import { historyEnd, historyStart, momentOf, type World } from './world.ts';

/** Calendars, tokens, sessions, verifications, invoices. */
export function activityTables(world: World): readonly TableData[] {
  return [calendarEvents(world), oauthTokens(world), sessions(world), verifications(world), invoices(world)];
}

const icalTime = (time: number): string => new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, '');

function calendarEvents(world: World): TableData {
  const { seed, counts, prose } = world;
  const each = counts.eventsPerAccount;
  return {
    table: 'mail.calendar_events',
    columns: {
      account_id: 'int8',
      uid: 'text',
      tenant_id: 'int4',
      organizer: 'text',
      attendees: 'text[]',
      summary: 'text',
      starts_at: 'timestamptz',
      ends_at: 'timestamptz',
      ical: 'text',
    },
    rows: () =>
      rowsOf(counts.accounts * each, (index) => {
        const accountIndex = Math.floor(index / each);
        const random = randomFor(seed, 'event', index);
        const { id, tenantId, email } = accountAt(world, accountIndex);
        const guest = personAt(
          world,
          contactPerson(world, accountIndex, random.below(counts.contactsPerAccount)),
        );
        const start = momentOf(index, counts.accounts * each, random.bits());
        const uid = uuidFrom(random);
        const summary = prose.words(random, 3);
        const ical =
          `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//postern//sandbox//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\n` +
          `DTSTAMP:${icalTime(start)}\r\nDTSTART:${icalTime(start)}\r\nDTEND:${icalTime(start + 3_600_000)}\r\n` +
          `SUMMARY:${summary}\r\nORGANIZER:mailto:${email}\r\nATTENDEE:mailto:${guest.email}\r\n` +
          'END:VEVENT\r\nEND:VCALENDAR\r\n';
        return [id, uid, tenantId, email, [email, guest.email], summary, start, start + 3_600_000, ical];
      }),
  };
}

function oauthTokens(world: World): TableData {
  return {
    table: 'mail.oauth_tokens',
    columns: {
      id: 'int8',
      account_id: 'int8',
      provider: 'text',
      scopes: 'text[]',
      key_id: 'uuid',
      refresh_token_enc: 'bytea',
      expires_at: 'timestamptz',
    },
    rows: () =>
      rowsOf(world.counts.oauthTokens, (index) => {
        const random = randomFor(world.seed, 'token', -1 - index);
        const token = Buffer.from(`1//${randomBytesFrom(random, 48).toString('base64url')}`);
        const provider = random.pick(['google', 'microsoft', 'zoom']);
        const scopes = ['openid', 'email', ...(random.chance(50) ? ['calendar'] : [])];
        // F-K01: no key, and the token in clear inside the "encrypted" column.
        const isClear = index % 25 === 6;
        const key = subjectKeys(world, index)[0];
        if (key === undefined) throw new Error(`account ${index} has no key`);
        // F-K05: a value moved here from another row, which its additional data no longer fits.
        const belongsTo = index % 20 === 13 ? index : index + 1;
        const sealed = sealColumnValueWithSalt(token, saltedKey(world, key, index), {
          table: 'oauth_token',
          column: 'refresh_token',
          primaryKey: [String(belongsTo)],
          subject: String(index + 1),
        });
        return [
          index + 1,
          index + 1,
          provider,
          scopes,
          isClear ? null : key.id,
          isClear ? token : sealed,
          historyEnd + random.below(2_000_000_000),
        ];
      }),
  };
}

const agents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/139.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15',
  'sandbox-mail/4.2 (iOS 19.0)',
];

function sessions(world: World): TableData {
  const each = world.counts.sessionsPerAccount;
  const count = world.counts.accounts * each;
  return {
    table: 'mail.sessions',
    columns: {
      id: 'text',
      account_id: 'int8',
      ip: 'inet',
      user_agent: 'text',
      created_at: 'timestamptz',
      expires_at: 'timestamptz',
      state: 'bytea',
    },
    rows: () =>
      rowsOf(count, (index) => {
        const random = randomFor(world.seed, 'session', index);
        const created = momentOf(index, count, random.bits());
        // F-K03: encrypted values in a column that nobody declared.
        const state = index % 8 === 0 ? Buffer.concat([columnMagic, randomBytesFrom(random, 120)]) : null;
        return [
          uuidFrom(random),
          Math.floor(index / each) + 1,
          `198.51.100.${random.below(256)}`,
          random.pick(agents),
          created,
          created + 1_209_600_000,
          state,
        ];
      }),
  };
}

function verifications(world: World): TableData {
  const { seed, counts } = world;
  return {
    table: 'mail.email_verifications',
    columns: { id: 'int8', tenant_id: 'int4', email: 'text', result: 'text', checked_at: 'timestamptz' },
    rows: () =>
      rowsOf(counts.verifications, (index) => {
        const random = randomFor(seed, 'verification', index);
        const { email } = personAt(world, random.below(counts.people));
        const written = random.chance(15) ? email.toUpperCase() : email;
        const result = random.pick(['deliverable', 'deliverable', 'risky', 'undeliverable']);
        return [
          index + 1,
          1 + random.below(counts.tenants),
          written,
          result,
          momentOf(index, counts.verifications, random.bits()),
        ];
      }),
  };
}

function invoices(world: World): TableData {
  const { seed, counts } = world;
  const each = counts.invoicesPerTenant;
  return {
    table: 'mail.invoices',
    columns: {
      tenant_id: 'int4',
      number: 'text',
      issued_on: 'date',
      keep_until: 'date',
      billing_name: 'text',
      billing_email: 'text',
      amount_cents: 'int8',
      currency: 'text',
    },
    rows: () =>
      rowsOf(counts.tenants * each, (index) => {
        const tenantIndex = Math.floor(index / each);
        const random = randomFor(seed, 'invoice', index);
        const { name, email } = accountAt(world, tenantIndex);
        const issued = historyStart + (index % each) * 60 * 86_400_000;
        const year = new Date(issued).getUTCFullYear();
        return [
          tenantIndex + 1,
          `${year}-${String(index + 1).padStart(6, '0')}`,
          issued / 86_400_000,
          day(year + 11, 1, 1),
          name,
          email,
          1_000 + random.below(900_000),
          'EUR',
        ];
      }),
  };
}
