import { usageError } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';

/** What the runtime role may do, table by table. No table lets it delete; forget_backup_objects() deletes for it. */
const grants: Readonly<Record<string, readonly string[]>> = {
  schema_migration: ['select'],
  operator: ['select', 'insert', 'update (name, public_key, enrolled_at, revoked_at, revoke_reason)'],
  audit_entry: ['select', 'insert'],
  plan: ['select', 'insert'],
  // The time of an entry is the server's: no insert may choose it.
  plan_approval: ['select', 'insert (plan_id, role, fingerprint, signature, signed_at)'],
  plan_journal: ['select', 'insert (plan_id, event, step, detail)'],
  certificate: ['select', 'insert'],
  backup_set: [
    'select',
    'insert',
    'update (finished_at, state, manifest_sha256, parts, bytes, rows, detail)',
  ],
  backup_copy: [
    'select',
    'insert',
    'update (state, finished_at, lock_until, keyring_lock_until, keyring_pruned_at)',
  ],
  backup_check: [
    'select',
    'insert (profile, set_id, destination, kind, level, outcome, started_at, bytes, findings, certificate_id, detail)',
  ],
  backup_verification: [
    'select',
    'insert (profile, set_id, destination, level, seed, batch)',
    'update (finished_at)',
  ],
  backup_file_check: [
    'select',
    'insert (set_id, destination, file, sha256, depth, rows, checksum)',
    'update (sha256, depth, rows, checksum, checked_at)',
  ],
  backup_object_set: ['select', 'insert', 'update (base)'],
  backup_object: ['select', 'insert'],
  key_walk_part: [
    'select',
    'insert (plan_id, step, part, after_key, until_key)',
    'update (last_key, owner, lease_until, seen, written, moved, refused, started_at, finished_at)',
  ],
  key_quarantine: [
    'select',
    'insert (profile, table_name, column_name, row_key, reason, plan_id)',
    'update (reason, plan_id, first_at, last_at, resolved_at)',
  ],
  key_census: ['select', 'insert (profile, looked_for_undeclared, columns, findings)'],
  // The time of an event is the server's, as that of a plan's.
  dkim_selector: [
    'select',
    'insert (profile, domain, selector, key_type, bits, public_key, origin, key_file)',
  ],
  dkim_event: ['select', 'insert (profile, domain, selector, state, not_before, plan_id, detail)'],
  subject_request: ['select', 'insert (profile, kind, reference, received_at, tenant, instruction)'],
  subject_request_event: ['select', 'insert (request_id, kind, detail)'],
  hold: ['select', 'insert (profile, case_reference, reason, tables, tenant, review_by, author)'],
  hold_person: ['select', 'insert'],
  hold_row: ['select', 'insert'],
  hold_release: ['select', 'insert (hold_id, reason, author)'],
  hold_deferral: [
    'select',
    'insert (plan_id, hold_id, table_name, rows)',
    'update (rows, resumed_by, resumed_at)',
  ],
  objection_event: ['select', 'insert (profile, kind, channel, reason, author)'],
  objection_hash: ['select', 'insert'],
  offboarding: ['select', 'insert (profile, tenant, ended_on, reason, author)'],
  offboarding_event: ['select', 'insert (offboarding_id, kind, plan_id, detail)'],
  erasure: ['select', 'insert (profile, source, kind, detail, plan_id, erased_at)'],
};

/**
 * Gives the runtime role exactly the privileges above, and takes away whatever else it held in schema postern.
 * @throws {PosternError} exit 2, `code: 'runtime-role-missing'` or `'runtime-role-too-powerful'` (a superuser or a
 * member of the owner, from whom the append-only rules could not be kept)
 */
export async function grantRuntimeRole(owner: Queryable, role: string): Promise<void> {
  await checkRole(owner, role);
  const name = `"${role.replaceAll('"', '""')}"`;
  const statements = [
    `revoke all on all tables in schema postern from ${name}`,
    `revoke all on all sequences in schema postern from ${name}`,
    `revoke all on all functions in schema postern from ${name}`,
    `revoke all on schema postern from ${name}`,
    `grant usage on schema postern to ${name}`,
    // The state database goes along in every set, and a backup reads where its sequences stand.
    `grant select on all sequences in schema postern to ${name}`,
    `grant execute on function postern.forget_backup_objects(text) to ${name}`,
    ...Object.entries(grants).map(
      ([table, privileges]) => `grant ${privileges.join(', ')} on postern.${table} to ${name}`,
    ),
  ];
  for (const statement of statements) await owner.query(statement);
}

async function checkRole(owner: Queryable, role: string): Promise<void> {
  const { rows } = await owner.query<{ superuser: boolean; member: boolean }>(
    `select rolsuper as superuser, pg_has_role(oid, current_user, 'member') as member
     from pg_roles where rolname = $1`,
    [role],
  );
  const found = rows[0];
  if (found === undefined) {
    throw usageError(`there is no role ${role} on the state database's server`, {
      code: 'runtime-role-missing',
      hints: [`create it first: create role "${role.replaceAll('"', '""')}" login`],
    });
  }
  if (found.superuser || found.member) {
    throw usageError(
      `role ${role} is a superuser or a member of the owner, so append-only tables would not bind it`,
      {
        code: 'runtime-role-too-powerful',
        hints: ['name a role of its own for daily work, and keep the owner for migrations'],
      },
    );
  }
}
