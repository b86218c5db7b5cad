import type { JsonObject } from '../../crypto/canonical-json.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { withJobLock } from '../../state/job-lock.ts';
import type { DkimContext } from './context.ts';
import { readSelectors } from './register.ts';
import { rotationTarget, selectorsPrecondition } from './rotation.ts';
import { rotationInputs } from './rotation-inputs.ts';
import { rotationStepKinds } from './rotation-steps.ts';
import { wantedRecord } from './state.ts';

/** The exchange of a domain's DKIM keys. After a compromise, mail goes unsigned for a while, and a person types the domain. */
export function rotateDkim(plan: Plan): PlanKind<DkimContext> {
  return {
    ...kind,
    danger: planInputs(plan, rotationInputs).reason === 'compromised' ? 'severe' : 'moderate',
  };
}

const kind: Omit<PlanKind<DkimContext>, 'danger'> = {
  kind: 'key.rotate-dkim',
  target: (context, plan) => rotationTarget(context, planInputs(plan, rotationInputs).domain),
  preconditions: async (context, plan) => {
    const { domain } = planInputs(plan, rotationInputs);
    return [
      selectorsPrecondition(domain, await readSelectors(await context.state(), context.profile, domain)),
    ];
  },
  applyStep: async (context, plan, index, journal) => {
    const inputs = planInputs(plan, rotationInputs);
    const work = rotationStepKinds[plan.body.steps[index]?.kind ?? ''];
    if (work === undefined) throw new Error(`a rotation has no step ${index}`);
    return withJobLock(await context.state(), `dkim ${context.profile} ${inputs.domain}`, (state) =>
      work({ context, plan, inputs, journal, state }),
    );
  },
  certify: async (context, plan, results) => {
    const { domain, reason, make, retire, ...planned } = planInputs(plan, rotationInputs);
    const known = await readSelectors(await context.state(), context.profile, domain);
    const describe = ({ selector }: { readonly selector: string }): JsonObject => {
      const found = known.find((entry) => entry.selector === selector);
      const { keyType = null, bits = null, publicKey = null, state = null } = found ?? {};
      return { selector, keyType, bits, publicKey, state };
    };
    const steps = plan.body.steps.map(({ kind: name }, index) => ({ step: name, ...results[index] }));
    return {
      subject: [...make, ...retire].flatMap(({ selector }) => {
        const key = known.find((entry) => entry.selector === selector)?.publicKey;
        return key === undefined
          ? []
          : [
              {
                name: `${selector}._domainkey.${domain}`,
                digest: { sha256: sha256Hex(Buffer.from(key, 'base64')) },
              },
            ];
      }),
      predicateType: 'urn:postern:predicate:key-rotate-dkim:v1',
      predicate: {
        domain,
        reason,
        made: make.map(describe),
        retired: retire.map(describe),
        planned,
        happened: happened(steps),
        steps,
      },
    };
  },
  leftovers: async (context, plan) => {
    const { domain, make, retire } = planInputs(plan, rotationInputs);
    const names = new Set([...make, ...retire].map(({ selector }) => selector));
    const known = await readSelectors(await context.state(), context.profile, domain);
    return known
      .filter(({ selector, state }) => names.has(selector) && state !== 'active' && state !== 'destroyed')
      .map(({ selector, state, keyFile }) =>
        wantedRecord(state) === 'key'
          ? `${selector}._domainkey.${domain} is ${state}: \`postern key rotate dkim ${domain} --compromised\` revokes it`
          : `${selector}._domainkey.${domain} is ${state}: remove its record, and ${keyFile}`,
      );
  },
};

/** How long what was planned for has taken, in milliseconds; null where the plan had no such step. */
function happened(steps: readonly JsonObject[]): JsonObject {
  const at = (step: string, time: string): number => {
    const found = steps.find((entry) => entry['step'] === step)?.[time];
    return typeof found === 'string' ? Date.parse(found) : Number.NaN;
  };
  const between = (from: number, to: number): number | null => (Number.isNaN(to - from) ? null : to - from);
  return {
    fromRecordsToSigning: between(at('await-published', 'seenAt'), at('sign', 'signedAt')),
    grace: between(at('sign', 'signedAt'), at('await-grace', 'endedAt')),
    hold: between(at('await-revoked', 'revokedAt'), at('await-hold', 'endedAt')),
    whole: between(
      at('make-keys', 'madeAt'),
      Math.max(...steps.flatMap((entry) => Object.values(entry)).flatMap(timeOf)),
    ),
  };
}

function timeOf(value: unknown): readonly number[] {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? [Date.parse(value)] : [];
}
