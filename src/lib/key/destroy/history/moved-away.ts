import type { KmsKey } from '../../../cloud/kms.ts';
import { type PlanTarget, planInputs, readPlan } from '../../../operation/plan.ts';
import { databaseTarget } from '../../../operation/target.ts';
import { keyringsOf } from '../../../platform/map/index.ts';
import { isoTime } from '../../../state/iso-time.ts';
import { kekInputs } from '../../kek/inputs.ts';
import type { DestroyContext } from '../context.ts';
import { eachDatabase } from '../databases.ts';

/** Since when a keyring is known to have no data key under a KMS key. */
export interface MovedAway {
  /** `app.key`; behind the database's name and a colon where that is not the platform's main one. */
  readonly keyring: string;
  /** RFC 3339, UTC; null where no applied rotation tells. */
  readonly at: string | null;
}

interface Rotation {
  readonly target: PlanTarget;
  readonly keyring: string;
  readonly to: string;
  readonly from: readonly string[];
  readonly endedAt: string;
}

/**
 * When the last data key of each keyring left this KMS key: the end of the applied rotation that moved it away. Of a
 * keyring that no rotation mentions together with the key, the first rotation to another key proves that none is left.
 */
export async function movedAway(context: DestroyContext, key: KmsKey): Promise<readonly MovedAway[]> {
  const rotations = await appliedRotations(context);
  const found: MovedAway[] = [];
  await eachDatabase(context, async ({ label, db, map }) => {
    const { systemIdentifier, database } = await databaseTarget(db);
    const here = rotations.filter(
      ({ target }) => target.systemIdentifier === systemIdentifier && target.database === database,
    );
    const keyrings = new Set([
      ...keyringsOf(map).map(({ table }) => table),
      ...here.filter((rotation) => mentions(rotation, key)).map(({ keyring }) => keyring),
    ]);
    for (const keyring of keyrings) {
      const own = here.filter((rotation) => rotation.keyring === keyring);
      const last = own.findLastIndex((rotation) => mentions(rotation, key));
      const proof = own[Math.max(last, 0)];
      const isProof = proof !== undefined && !isKey(proof.to, key);
      found.push({ keyring: `${label}${keyring}`, at: isProof ? proof.endedAt : null });
    }
  });
  return found;
}

const isKey = (written: string, { arn, keyId }: KmsKey): boolean => written === arn || written === keyId;

const mentions = ({ from, to }: Rotation, key: KmsKey): boolean =>
  [...from, to].some((written) => isKey(written, key));

/** The applied rotations of KMS keys, by whichever profile, oldest first. */
async function appliedRotations(context: DestroyContext): Promise<readonly Rotation[]> {
  const { rows } = await (await context.state()).query<{ id: string; text: string; endedAt: string }>(
    `select p.id, p.text, ${isoTime('j.at')} as "endedAt"
     from postern.plan p join postern.plan_journal j on j.plan_id = p.id and j.event = 'applied'
     where p.kind = 'key.rotate-kek' order by j.at, j.entry`,
  );
  return rows.map(({ id, text, endedAt }) => {
    const plan = readPlan(id, text);
    const { keyring, to, from } = planInputs(plan, kekInputs);
    return { target: plan.body.target, keyring, to, from, endedAt };
  });
}
