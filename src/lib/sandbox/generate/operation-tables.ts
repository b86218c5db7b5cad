import { incident } from './incident.ts';
import { accountAt, personAt } from './person.ts';
import { randomFor } from './random.ts';
import { day, rowsOf, type TableData } from './table.ts';
import { momentOf, type World } from './world.ts';

/** What people do on the platform: log entries of users and of support agents, deliveries, tickets. */
export function operationTables(world: World): readonly TableData[] {
  return [
    userActions(world),
    agentActions(world),
    deliveries(world),
    supportTickets(world),
    schemaMigrations(),
  ];
}

const userActionNames = [
  'login',
  'login',
  'login',
  'mailbox.open',
  'message.delete',
  'export.start',
  'password.change',
  'rule.create',
];

function userActions(world: World): TableData {
  const { seed, counts } = world;
  return {
    table: 'ops.user_actions',
    columns: {
      id: 'int8',
      at: 'timestamptz',
      account_id: 'int8',
      action: 'text',
      ip: 'inet',
      detail: 'jsonb',
    },
    rows: () =>
      rowsOf(counts.userActions, (index) => {
        const random = randomFor(seed, 'userAction', index);
        const { id, email } = accountAt(world, random.below(counts.accounts));
        const action = random.pick(userActionNames);
        const detail =
          action === 'login'
            ? { user: email, ok: !random.chance(4) }
            : { object: random.below(counts.messages) + 1 };
        const at = momentOf(index, counts.userActions, random.bits());
        return [index + 1, at, id, action, `198.51.100.${random.below(256)}`, JSON.stringify(detail)];
      }),
  };
}

const agentActionNames = ['ticket.open', 'ticket.reply', 'account.view', 'account.unlock', 'mailbox.read'];

/** The last `incident.reads` rows are the incident: one agent reads mailboxes at night, without a ticket. */
function agentActions(world: World): TableData {
  const { seed, counts } = world;
  const total = counts.agentActions;
  return {
    table: 'ops.agent_actions',
    columns: {
      id: 'int8',
      at: 'timestamptz',
      agent_id: 'int4',
      action: 'text',
      tenant_id: 'int4',
      account_id: 'int8',
      ticket: 'text',
      ip: 'inet',
      detail: 'jsonb',
    },
    rows: () =>
      rowsOf(total, (index) => {
        const random = randomFor(seed, 'agentAction', index);
        const { id, tenantId, email } = accountAt(world, random.below(counts.accounts));
        const read = index - (total - incident.reads);
        if (read >= 0) {
          const at = incident.start + Math.floor((read * (incident.end - incident.start)) / incident.reads);
          const detail = JSON.stringify({ user: email, messages: 1 + random.below(40) });
          return [index + 1, at, incident.agentId, 'mailbox.read', tenantId, id, null, incident.ip, detail];
        }
        const action = random.pick(agentActionNames);
        const ticket = `T-${1000 + random.below(200)}`;
        const at = momentOf(index, total, random.bits());
        // Agents 1 to 6; the incident's agent has done nothing else.
        const detail = JSON.stringify({ user: email });
        return [
          index + 1,
          at,
          1 + random.below(6),
          action,
          tenantId,
          id,
          ticket,
          `192.0.2.${random.below(64)}`,
          detail,
        ];
      }),
  };
}

function deliveries(world: World): TableData {
  const { seed, counts } = world;
  return {
    table: 'mail.delivery_log',
    columns: {
      id: 'int8',
      message_id: 'int8',
      recipient: 'text',
      remote_ip: 'inet',
      status: 'text',
      response: 'text',
      logged_at: 'timestamptz',
    },
    rows: () =>
      rowsOf(counts.deliveries, (index) => {
        const random = randomFor(seed, 'delivery', index);
        const { email } = personAt(world, random.below(counts.people));
        const isBounce = random.chance(3);
        const response = isBounce
          ? `550 5.1.1 <${email}>: recipient address rejected`
          : `250 2.0.0 queued as ${random.bits().toString(36)}`;
        return [
          index + 1,
          Math.min(counts.messages, index * 4 + 1),
          email,
          `192.0.2.${random.below(256)}`,
          isBounce ? 'bounced' : 'delivered',
          response,
          momentOf(index, counts.deliveries, random.bits()),
        ];
      }),
  };
}

function supportTickets(world: World): TableData {
  const { seed, counts, prose } = world;
  return {
    table: 'ops.support_tickets',
    columns: {
      id: 'int4',
      ticket: 'text',
      account_id: 'int8',
      opened_at: 'timestamptz',
      subject: 'text',
      requester_email: 'text',
      internal_notes: 'text',
    },
    rows: () =>
      rowsOf(200, (index) => {
        const random = randomFor(seed, 'staff', 1000 + index);
        const { id, email, name } = accountAt(world, random.below(counts.accounts));
        // F-S07: the address inside base64 inside a note.
        const hidden = index % 10 === 0 ? ` Pasted: ${Buffer.from(`user=${email}`).toString('base64')}` : '';
        const notes = `${name} called. ${prose.sentence(random)}${hidden}`;
        return [
          index + 1,
          `T-${1000 + index}`,
          id,
          momentOf(index, 200, random.bits()),
          prose.words(random, 5),
          email,
          notes,
        ];
      }),
  };
}

function schemaMigrations(): TableData {
  return {
    table: 'mail.schema_migrations',
    columns: { version: 'text', applied_on: 'date' },
    rows: () => rowsOf(24, (index) => [`20240${700 + index}`, day(2024, 7, 1) + index * 30]),
  };
}
