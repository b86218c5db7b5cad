import type { JsonObject } from '../../crypto/canonical-json.ts';
import { planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { requireRights } from '../../platform/rights.ts';
import type { KeyContext } from '../context.ts';
import { changeKeyring } from '../keyring/kept.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import { keyringScope } from '../reencrypt/scope.ts';
import { withWriter, writerTarget } from '../sessions.ts';
import { shredHorizon } from './horizon.ts';
import { shredInputs } from './inputs.ts';
import { writeLedger } from './ledger.ts';
import { keysPrecondition } from './plan-shred.ts';
import { shredRights } from './rights.ts';
import { requireShredded, shredKeys } from './shredded.ts';

export const keyShred: PlanKind<KeyContext> = {
  kind: 'key.shred',
  danger: 'severe',
  target: writerTarget,
  preconditions: async (context, plan) => {
    const { keyring: name, keys } = planInputs(plan, shredInputs);
    return withWriter(context, async (db) => {
      const { keyring } = await keyringScope(db, await context.map(), name);
      await requireRights(db, shredRights(keyring));
      return [await keysPrecondition(db, keyring, keys)];
    });
  },
  applyStep: async (context, plan, index): Promise<JsonObject> => {
    const { keyring: name, keys } = planInputs(plan, shredInputs);
    if (plan.body.steps[index]?.kind === 'ledger') {
      // What the ledger says is repeated by every restore: only what can be done here is written there.
      await withWriter(context, async (db) => {
        const { keyring } = await keyringScope(db, await context.map(), name);
        await requireRights(db, shredRights(keyring));
      });
      await writeLedger(await context.state(), {
        profile: context.profile,
        planId: plan.id,
        keyring: name,
        keys,
        at: context.clock.now(),
      });
      return { ledger: 'written' };
    }
    return withKeyringLock(context, name, () =>
      withWriter(context, async (db) => {
        const { keyring } = await keyringScope(db, await context.map(), name);
        await changeKeyring(
          db,
          () => shredKeys(db, keyring, keys),
          () => requireShredded(db, keyring, keys),
        );
        return { destroyed: keys.length };
      }),
    );
  },
  certify: async (context, plan) => {
    const { keyring, keys, reason, values, triggers } = planInputs(plan, shredInputs);
    const horizon = await shredHorizon(await context.state(), context.profile);
    return {
      subject: [],
      predicateType: 'urn:postern:predicate:key-shred:v1',
      predicate: {
        keyring,
        keys,
        reason,
        values: values.map((value) => ({ ...value })),
        triggers: [...triggers],
        backups: {
          until: horizon.until,
          because: horizon.because && { ...horizon.because },
          unlocked: horizon.unlocked,
        },
      },
    };
  },
};
