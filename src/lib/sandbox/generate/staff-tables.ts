import type { CopyValue } from './copy-encoder.ts';
import { incident } from './incident.ts';
import { day, type TableData } from './table.ts';

/** The operator's own people, what they may do, and the host lists. They are the same in every sandbox. */
export function staffTables(): readonly TableData[] {
  return [staff(), supportAgents(), agentGrants(), hostLists()];
}

const hired = day(2022, 3, 1);
const trained = day(2026, 2, 10);
const checked = day(2022, 2, 20);

/** Login, name, title, manager, mfa, left, NDA, background check, training. Faults stand at the end of the line. */
const people: readonly (readonly CopyValue[])[] = [
  ['olga_park', 'Olga Park', 'Chief operating officer', null, 'webauthn', null, hired, checked, trained],
  ['alice_meyer', 'Alice Meyer', 'Support lead', 1, 'webauthn', null, hired, checked, trained],
  ['bob_tan', 'Bob Tan', 'Support agent', 2, 'sms', null, hired, checked, trained], // HR05
  ['carol_diaz', 'Carol Diaz', 'Analyst', 1, 'totp', day(2026, 2, 28), hired, checked, trained], // HR01, HR02
  ['dave_kim', 'Dave Kim', 'Platform engineer', 1, null, null, hired, checked, trained], // HR04
  ['erin_novak', 'Erin Novak', 'Platform engineer', 1, 'webauthn', null, hired, checked, day(2024, 1, 15)], // HR06
  ['frank_haas', 'Frank Haas', 'Database administrator', 1, 'totp', null, null, checked, trained], // HR07
  ['grace_lee', 'Grace Lee', 'Site reliability engineer', 1, 'webauthn', null, hired, null, trained], // HR08
  ['henry_vogel', 'Henry Vogel', 'Data engineer', null, 'totp', null, hired, checked, trained], // HR09
  ['iris_costa', 'Iris Costa', 'Customer success', 2, 'webauthn', null, hired, checked, trained],
  ['jan_kowalski', 'Jan Kowalski', 'Accountant', 1, 'totp', null, hired, checked, trained],
  [
    'mallory_quinn',
    'Mallory Quinn',
    'Contractor, support',
    2,
    'sms',
    day(2026, 3, 10),
    hired,
    checked,
    trained,
  ], // HR01
];

function staff(): TableData {
  return {
    table: 'ops.staff',
    columns: {
      id: 'int4',
      login: 'text',
      full_name: 'text',
      email: 'text',
      title: 'text',
      manager_id: 'int4',
      mfa: 'text',
      hired_on: 'date',
      left_on: 'date',
      nda_signed_on: 'date',
      background_checked_on: 'date',
      trained_on: 'date',
    },
    rows: () =>
      people.map(([login, name, title, manager, mfa, left, nda, check, training], index) => [
        index + 1,
        login,
        name,
        `${String(login).replace('_', '.')}@operator.example`,
        title,
        manager,
        mfa,
        hired,
        left,
        nda,
        check,
        training,
      ]) as CopyValue[][],
  };
}

function supportAgents(): TableData {
  return {
    table: 'ops.support_agents',
    columns: {
      id: 'int4',
      staff_id: 'int4',
      login: 'text',
      email: 'text',
      role: 'text',
      is_shared: 'bool',
      is_active: 'bool',
    },
    rows: () => [
      [1, 2, 'alice.meyer', 'alice.meyer@operator.example', 'lead', false, true],
      [2, 3, 'bob.tan', 'bob.tan@operator.example', 'agent', false, true],
      [3, 10, 'iris.costa', 'iris.costa@operator.example', 'agent', false, true],
      [4, null, 'nightshift', 'nightshift@operator.example', 'agent', true, true], // APP04
      [5, 4, 'carol.diaz', 'carol.diaz@operator.example', 'agent', false, true], // HR01: left, still active
      [6, 11, 'jan.kowalski', 'jan.kowalski@operator.example', 'admin', false, true], // APP03: wider than his peers
      [incident.agentId, 12, 'mallory.quinn', 'mallory.quinn@operator.example', 'agent', false, true], // HR01
    ],
  };
}

function agentGrants(): TableData {
  const at = Date.UTC(2026, 0, 12, 9);
  const until = Date.UTC(2026, 6, 12, 9);
  return {
    table: 'ops.agent_grants',
    columns: {
      id: 'int4',
      agent_id: 'int4',
      tenant_id: 'int4',
      scope: 'text',
      ticket: 'text',
      requested_by: 'text',
      approved_by: 'text',
      granted_at: 'timestamptz',
      expires_at: 'timestamptz',
    },
    rows: () => [
      [1, 1, 1, 'account.view', 'T-1001', 'alice.meyer', 'olga.park', at, until],
      [2, 2, 2, 'mailbox.read', 'T-1002', 'bob.tan', 'alice.meyer', at, until],
      [3, 3, 3, 'mailbox.read', 'T-1003', 'iris.costa', 'iris.costa', at, until], // APP02
      [4, 4, 1, 'account.view', 'T-1004', 'alice.meyer', 'olga.park', at, until],
      [5, 6, 1, 'tenant.admin', 'T-1005', 'jan.kowalski', 'olga.park', at, until],
      [6, incident.agentId, 1, 'mailbox.read', null, 'mallory.quinn', 'alice.meyer', at, null], // APP01
    ],
  };
}

function hostLists(): TableData {
  const reviewed = day(2026, 5, 4);
  return {
    table: 'ops.host_lists',
    columns: {
      id: 'int4',
      list: 'text',
      network: 'cidr',
      owner: 'text',
      reason: 'text',
      reviewed_on: 'date',
    },
    rows: () => [
      [1, 'database', '10.20.0.0/24', 'platform', 'application servers', reviewed],
      [2, 'database', '10.20.1.0/28', 'platform', 'bastion', reviewed],
      [3, 'bastion', '198.51.100.16/32', 'platform', 'office', reviewed],
      [4, 'database', '10.99.0.0/16', null, 'old data centre', day(2023, 1, 9)], // no owner, review overdue
    ],
  };
}
