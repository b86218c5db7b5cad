import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { shortId } from '../../operation/plan.ts';
import { isoTime } from '../../state/iso-time.ts';

export const rotationKind = 'key.rotate-password';

/** A rotation whose new password was published and tried. */
export interface Rotation {
  readonly planId: string;
  readonly role: string;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** The last rotation of a password, from the journals of its plans; undefined before the first. */
export async function lastRotation(
  db: Queryable,
  profile: string,
  name: string,
): Promise<Rotation | undefined> {
  const { rows } = await db.query<Rotation>(
    `select p.id as "planId", s.step->'inputs'->>'role' as role, ${isoTime('j.at')} as at
     from postern.plan p
     join postern.plan_journal j on j.plan_id = p.id and j.event = 'done',
     lateral (select p.text::json->'steps'->j.step as step) s
     where p.kind = $1 and p.profile = $2 and p.text::json->'inputs'->>'name' = $3 and s.step->>'kind' = 'verify'
     order by j.at desc limit 1`,
    [rotationKind, profile, name],
  );
  return rows[0];
}

/** Rotations of a password that were begun and neither finished nor given up. */
export async function openRotations(
  db: Queryable,
  profile: string,
  name: string,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select p.id from postern.plan p
     where p.kind = $1 and p.profile = $2 and p.text::json->'inputs'->>'name' = $3
       and exists (select from postern.plan_journal j where j.plan_id = p.id and j.event = 'started')
       and not exists (select from postern.plan_journal j where j.plan_id = p.id and j.event in ('applied', 'cancelled'))
     order by p.created_at`,
    [rotationKind, profile, name],
  );
  return rows.map(({ id }) => id);
}

export function rotationOpen(name: string, planId: string): Error {
  const id = shortId(planId);
  return refused(`a rotation of ${name} is under way: plan ${id}`, {
    code: 'password-rotation-open',
    hints: [
      `finish it: \`postern plan apply ${id}\``,
      `or give it up: \`postern plan cancel ${id} --abandon\``,
    ],
  });
}
