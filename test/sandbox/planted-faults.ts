/** A question to the platform database that gives at least one row where the fault is there. */
export interface PlantedFault {
  readonly id: string;
  readonly sql: string;
}

const role = (name: string, condition: string): string =>
  `SELECT 1 FROM pg_roles WHERE rolname = '${name}' AND ${condition}`;
const staff = (login: string, condition: string): string =>
  `SELECT 1 FROM ops.staff WHERE login = '${login}' AND ${condition}`;
const hba = (condition: string): string =>
  `SELECT 1 FROM pg_hba_file_rules WHERE error IS NULL AND ${condition}`;

/** Every fault that can be asked of the database; those of files are looked for in the test itself. */
export const plantedFaults: readonly PlantedFault[] = [
  { id: 'PG01', sql: role('frank_haas', 'rolsuper AND rolcanlogin') },
  { id: 'PG02', sql: role('dave_kim', 'rolbypassrls') },
  { id: 'PG03', sql: role('grace_lee', 'rolreplication') },
  { id: 'PG04', sql: role('erin_novak', 'rolcreaterole') },
  { id: 'PG05', sql: "SELECT 1 WHERE pg_has_role('svc_analytics', 'pg_read_all_data', 'USAGE')" },
  { id: 'PG06', sql: "SELECT 1 WHERE pg_has_role('svc_export', 'pg_write_server_files', 'USAGE')" },
  {
    id: 'PG07',
    sql: "SELECT 1 WHERE pg_has_role('henry_vogel', 'mail_reader', 'SET') AND NOT pg_has_role('henry_vogel', 'mail_reader', 'USAGE')",
  },
  {
    id: 'PG08',
    sql: "SELECT 1 WHERE pg_has_role('iris_costa', 'mail_reader', 'MEMBER WITH ADMIN OPTION') AND NOT pg_has_role('iris_costa', 'mail_reader', 'SET')",
  },
  {
    id: 'PG09',
    sql: "SELECT 1 FROM pg_proc WHERE proname = 'message_count' AND prosecdef AND has_function_privilege('legacy_import', oid, 'EXECUTE')",
  },
  { id: 'PG10', sql: "SELECT 1 FROM pg_proc WHERE proname = 'message_count' AND proconfig IS NULL" },
  {
    id: 'PG11',
    sql: "SELECT 1 FROM pg_class WHERE oid = 'mail.message_overview'::regclass AND reloptions IS NULL AND has_table_privilege('alice_meyer', oid, 'SELECT')",
  },
  {
    id: 'PG12',
    sql: "SELECT 1 FROM pg_class WHERE oid = 'mail.messages'::regclass AND relrowsecurity AND NOT relforcerowsecurity",
  },
  {
    id: 'PG13',
    sql: "SELECT 1 FROM pg_class WHERE oid = 'mail.messages'::regclass AND relowner = 'mail_app'::regrole",
  },
  {
    id: 'PG14',
    sql: "SELECT 1 WHERE has_table_privilege('legacy_import', 'mail.email_verifications', 'SELECT')",
  },
  { id: 'PG15', sql: "SELECT 1 WHERE has_schema_privilege('legacy_import', 'ops', 'CREATE')" },
  { id: 'PG16', sql: "SELECT 1 WHERE has_database_privilege('legacy_import', 'mail', 'CONNECT')" },
  {
    id: 'PG17',
    sql: "SELECT 1 WHERE has_table_privilege('bob_tan', 'mail.contacts', 'SELECT WITH GRANT OPTION')",
  },
  {
    id: 'PG18',
    sql: "SELECT 1 FROM information_schema.column_privileges WHERE grantee = 'svc_search' AND column_name = 'subject'",
  },
  { id: 'PG19', sql: "SELECT 1 FROM pg_default_acl WHERE defaclacl::text LIKE '%carol_diaz%'" },
  {
    id: 'PG20',
    sql: "SELECT 1 FROM pg_db_role_setting WHERE setrole = 'dave_kim'::regrole AND 'log_statement=none' = ANY (setconfig)",
  },
  {
    id: 'PG21',
    sql: "SELECT 1 FROM pg_class WHERE oid = 'ops.scratch_export'::regclass AND relowner = 'bob_tan'::regrole",
  },
  {
    id: 'PG22',
    sql: "SELECT 1 FROM pg_user_mappings WHERE usename = 'svc_analytics' AND umoptions::text LIKE '%password=%'",
  },
  {
    id: 'PG24',
    sql: "SELECT 1 WHERE has_parameter_privilege('erin_novak', 'log_min_duration_statement', 'SET')",
  },
  { id: 'PG25', sql: "SELECT 1 FROM pg_authid WHERE rolname = 'svc_search' AND rolpassword LIKE 'md5%'" },
  { id: 'PG26', sql: role('bob_tan', 'rolcanlogin AND rolvaliduntil IS NULL') },
  {
    id: 'PG27',
    sql: `${role('legacy_import', 'rolcanlogin')} AND NOT EXISTS (SELECT FROM ops.staff WHERE login = 'legacy_import')`,
  },
  { id: 'NET01', sql: hba("auth_method = 'trust' AND address = '10.0.0.0'") },
  { id: 'NET02', sql: hba("address = '0.0.0.0' AND netmask = '0.0.0.0'") },
  { id: 'NET04', sql: hba("type = 'hostnossl'") },
  { id: 'NET08', sql: "SELECT 1 FROM ops.host_lists WHERE owner IS NULL AND reviewed_on < '2024-01-01'" },
  {
    id: 'APP01',
    sql: "SELECT 1 FROM ops.agent_grants WHERE scope = 'mailbox.read' AND ticket IS NULL AND expires_at IS NULL",
  },
  { id: 'APP02', sql: 'SELECT 1 FROM ops.agent_grants WHERE requested_by = approved_by' },
  {
    id: 'APP03',
    sql: "SELECT 1 FROM ops.support_agents a JOIN ops.staff s ON s.id = a.staff_id WHERE a.role = 'admin' AND s.title = 'Accountant'",
  },
  { id: 'APP04', sql: 'SELECT 1 FROM ops.support_agents WHERE is_shared AND is_active' },
  {
    id: 'HR01',
    sql: 'SELECT 1 FROM ops.support_agents a JOIN ops.staff s ON s.id = a.staff_id WHERE a.is_active AND s.left_on IS NOT NULL',
  },
  { id: 'HR04', sql: staff('dave_kim', 'mfa IS NULL') },
  { id: 'HR05', sql: staff('bob_tan', "mfa = 'sms'") },
  { id: 'HR06', sql: staff('erin_novak', "trained_on < '2025-01-01'") },
  { id: 'HR07', sql: staff('frank_haas', 'nda_signed_on IS NULL') },
  { id: 'HR08', sql: staff('grace_lee', 'background_checked_on IS NULL') },
  { id: 'HR09', sql: staff('henry_vogel', 'manager_id IS NULL') },
  { id: 'F-S01', sql: "SELECT 1 FROM mail.messages WHERE meta #>> '{rcpt,0,addr}' = to_addrs[1]" },
  { id: 'F-S02', sql: 'SELECT 1 FROM mail.contacts WHERE position(normalized_email in notes) > 0' },
  {
    id: 'F-S03',
    sql: "SELECT 1 FROM pg_trigger, mail.contact_timeline WHERE tgname = 'contact_changes' AND change ? 'email'",
  },
  { id: 'F-S04', sql: 'SELECT 1 FROM mail.frequent_senders' },
  {
    id: 'F-S05',
    sql: "SELECT 1 FROM pg_constraint WHERE conrelid = 'ops.support_tickets'::regclass AND confrelid = 'mail.accounts'::regclass AND confdeltype = 'a'",
  },
  {
    id: 'F-S06',
    sql: "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_indexes WHERE tablename = 'attachments' AND indexdef LIKE '%message_id%')",
  },
  {
    id: 'F-S07',
    sql: "SELECT 1 FROM ops.support_tickets WHERE convert_from(decode(substring(internal_notes from 'Pasted: (.*)$'), 'base64'), 'UTF8') = 'user=' || requester_email",
  },
  { id: 'F-S08', sql: "SELECT 1 FROM mail.inbound_queue WHERE position('Message-ID: <'::bytea in raw) > 0" },
  { id: 'F-S09', sql: "SELECT 1 FROM ops.scratch_export WHERE email LIKE '%@%'" },
  {
    id: 'F-S10',
    sql: 'SELECT 1 FROM mail.contacts WHERE email <> normalized_email AND lower(email) = normalized_email',
  },
  {
    id: 'F-S11',
    sql: "SELECT 1 FROM mail.messages, unnest(to_addrs) AS a WHERE a LIKE '%+lists@%' OR a <> lower(a)",
  },
  {
    id: 'F-S12',
    sql: 'SELECT 1 FROM mail.attachments GROUP BY object_key HAVING count(DISTINCT message_id) > 1',
  },
  {
    id: 'F-S13',
    sql: "SELECT 1 FROM mail.tenants t JOIN mail.accounts a ON a.tenant_id = t.id WHERE t.status = 'ended' AND t.contract_ended_on < '2026-05-01'",
  },
  {
    id: 'F-K01',
    sql: "SELECT 1 FROM mail.oauth_tokens WHERE key_id IS NULL AND substr(refresh_token_enc, 1, 3) = '1//'::bytea",
  },
  {
    id: 'F-K02',
    sql: "SELECT 1 FROM mail.oauth_tokens t JOIN mail.subject_keys k ON k.id = t.key_id WHERE k.state = 'decrypt-only' AND encode(substr(refresh_token_enc, 7, 16), 'hex')::uuid = k.id",
  },
  { id: 'F-K03', sql: "SELECT 1 FROM mail.sessions WHERE substr(state, 1, 4) = 'PSTN'::bytea" },
  { id: 'F-K04', sql: 'SELECT 1 FROM mail.accounts WHERE legacy_token IS NOT NULL' },
  {
    id: 'F-I01',
    sql: "SELECT 1 FROM ops.agent_actions WHERE ip = '203.0.113.77' AND ticket IS NULL HAVING count(*) = 37",
  },
  { id: 'F-B01', sql: "SELECT 1 FROM pg_policies WHERE tablename = 'messages'" },
];
