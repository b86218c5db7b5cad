import { z } from 'zod';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { databaseTarget } from '../../operation/target.ts';
import { withJobLock } from '../../state/job-lock.ts';
import type { OpenpgpContext } from './context.ts';
import { type RotateInputs, rotateInputs, rotationKind } from './inputs.ts';
import { isThere, leftoverFiles } from './key-file.ts';
import { preconditionsOf } from './plan-rotate.ts';
import {
  mergedFiles,
  prepare,
  prepared,
  prove,
  publish,
  type SecretRotation,
  verify,
  verifyPublic,
  writeMerged,
} from './steps.ts';

export const openpgpRotation: PlanKind<OpenpgpContext> = {
  kind: rotationKind,
  danger: 'moderate',
  target: async (context) => databaseTarget(await context.state()),
  preconditions: (context, plan) => preconditionsOf(context, planInputs(plan, rotateInputs)),
  applyStep: async (context, plan, index) => {
    const inputs = planInputs(plan, rotateInputs);
    const kind = plan.body.steps[index]?.kind ?? '';
    return withJobLock(await context.state(), lockOf(context, inputs), async (state) => {
      if (inputs.publicKey !== null)
        return importStep(context, kind, { ...inputs, publicKey: inputs.publicKey });
      const { results } = progressOf(await readJournal(state, plan.id));
      return rotateStep(kind, await rotationOf(context, plan, inputs), results.get(0));
    });
  },
  certify: async (_context, plan, results) => {
    const { fingerprint, role, change, oldKeyIds, needed, publicFiles } = planInputs(plan, rotateInputs);
    const of = (kind: string): JsonObject | undefined =>
      results[plan.body.steps.findIndex((step) => step.kind === kind)];
    const published = publishResult.parse(of('publish'));
    return {
      subject: [{ name: `OpenPGP key ${fingerprint}`, digest: { sha1: fingerprint.toLowerCase() } }],
      predicateType: 'urn:postern:predicate:key-rotate-openpgp:v1',
      predicate: {
        fingerprint,
        role,
        change,
        published: { ...of('verify') },
        publicFiles,
        oldKeyIds,
        stillOpens: of('prove')?.['stillOpens'] ?? null,
        needed,
        forecast: { ...plan.body.effects },
        happened: {
          'encryption subkeys made': change === 'import' ? 0 : prepared.parse(of('prepare')).newKeyIds.length,
          'secret key files replaced': published.secretFile === null ? 0 : 1,
          'public key files written': published.written.length,
        },
      },
    };
  },
  leftovers: async (_context, plan) => {
    const { secretFile } = planInputs(plan, rotateInputs);
    if (secretFile === null) return [];
    const found: string[] = [];
    for (const path of leftoverFiles(secretFile)) if (await isThere(path)) found.push(path);
    return found.map(
      (path) => `${path} holds a secret key that nothing was encrypted for: remove it, or rotate again`,
    );
  },
};

/** What the step `publish` tells, of which the certificate counts. */
const publishResult = z.object({ secretFile: z.string().nullable(), written: z.array(z.string()) });

function lockOf({ profile }: OpenpgpContext, { fingerprint }: RotateInputs): string {
  return `openpgp ${profile} ${fingerprint.slice(-16)}`;
}

async function rotationOf(
  context: OpenpgpContext,
  plan: Plan,
  { fingerprint, role, change, secretFile, passphraseFile, keepOld, ends, publicFiles }: RotateInputs,
): Promise<SecretRotation> {
  if (secretFile === null || change === 'import') throw new Error('a rotation has a secret key');
  const date = plan.body.createdAt.replaceAll(/[-:]|\.\d+/g, '');
  return {
    fingerprint,
    role,
    change,
    publicFiles,
    secretFile,
    passphrase: await context.passphrase(secretFile, passphraseFile),
    ends: ends === null ? undefined : new Date(ends),
    keptAs: keepOld ? `${secretFile}.old-${date}` : undefined,
    now: context.clock.now(),
  };
}

async function rotateStep(
  kind: string,
  rotation: SecretRotation,
  first: JsonObject | undefined,
): Promise<JsonObject> {
  if (kind === 'prepare') return prepare(rotation);
  const made = prepared.parse(first);
  if (kind === 'prove') return prove(rotation, made);
  if (kind === 'publish') return publish(rotation, made);
  if (kind === 'verify') return { ...(await verify(rotation)) };
  throw new Error(`a rotation has no step ${kind}`);
}

async function importStep(
  { clock }: OpenpgpContext,
  kind: string,
  { publicKey, role, publicFiles }: RotateInputs & { readonly publicKey: string },
): Promise<JsonObject> {
  const files = { role, publicFiles, now: clock.now() };
  if (kind === 'verify') return { ...(await verifyPublic(publicKey, files)) };
  if (kind !== 'publish') throw new Error(`an import has no step ${kind}`);
  await writeMerged(await mergedFiles(publicKey, files));
  return { secretFile: null, written: publicFiles, keptAs: null };
}
