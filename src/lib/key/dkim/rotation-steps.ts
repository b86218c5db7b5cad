// The steps of a rotation, by their names in the plan. Each can be done again, and ends with exit 7 while it must wait.
import { integrityError } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { differences, isAsWanted, recordMemory } from './judge.ts';
import { deleteKeyFile, readKeyFile, removeTemporaryFiles, writeKeyFile } from './key-folder.ts';
import { makePrivateKey, publicHalf } from './key-pair.ts';
import { addSelector, readSelectors } from './register.ts';
import {
  activate,
  askAll,
  enter,
  notBefore,
  type RotationStep,
  requireEverywhere,
  requireUsable,
  selectorsOf,
  waiting,
} from './rotation-step.ts';
import { isAfter, type RegisteredSelector, type SelectorState } from './state.ts';

export const rotationStepKinds: Readonly<Record<string, (step: RotationStep) => Promise<JsonObject>>> = {
  'make-keys': makeKeys,
  'stop-signing': stopSigning,
  'await-published': awaitPublished,
  sign,
  'await-grace': (step) =>
    awaitTime(step, 'grace', 'revoking', 'mail that it signed may still be on its way'),
  'await-revoked': awaitRevoked,
  'await-hold': (step) => awaitTime(step, 'revoked', 'removing', 'its empty p= is to stay'),
  'await-removed': awaitRemoved,
  'destroy-keys': destroyKeys,
};

/** A key whose file an earlier run wrote is taken as it is. */
async function makeKeys(step: RotationStep): Promise<JsonObject> {
  const { context, plan, inputs, state } = step;
  await removeTemporaryFiles(context, inputs.domain);
  const made: JsonObject[] = [];
  for (const { selector, algorithm, keyFile } of inputs.make) {
    let half = await readKeyFile(keyFile);
    if (half === undefined) {
      const pem = await makePrivateKey(algorithm);
      await writeKeyFile(context, keyFile, pem);
      half = publicHalf(pem, keyFile);
    }
    const key = { domain: inputs.domain, selector, ...half, origin: 'made', keyFile } as const;
    await addSelector(state, context.profile, key, { state: 'prepared', planId: plan.id });
    made.push({ selector, algorithm, publicKey: half.publicKey });
  }
  await requireKeyFiles(await selectorsOf(step, 'make'));
  return { made, madeAt: context.clock.now().toISOString() };
}

/** What is published is the register's key: a file with another one would sign what nobody can verify. */
async function requireKeyFiles(made: readonly RegisteredSelector[]): Promise<void> {
  for (const { selector, keyFile, publicKey } of made) {
    const found = await readKeyFile(keyFile);
    if (found?.publicKey === publicKey) continue;
    throw integrityError(
      `${keyFile} ${found === undefined ? 'is gone' : 'is not the key'} that ${selector} was registered with`,
      {
        code: 'dkim-key-exchanged',
        hints: [
          'find out who changed it; bring it back, or give this plan up: postern plan cancel ID --abandon',
        ],
      },
    );
  }
}

async function stopSigning(step: RotationStep): Promise<JsonObject> {
  const { context, inputs, state } = step;
  const retired = await selectorsOf(step, 'retire');
  const names = new Set(retired.map(({ selector }) => selector));
  const all = await readSelectors(state, context.profile, inputs.domain);
  await activate(
    step,
    all.filter((known) => known.state === 'active' && !names.has(known.selector)),
  );
  await enter(step, retired, { state: 'revoking', detail: { compromised: true } });
  return { stoppedAt: context.clock.now().toISOString() };
}

/** When every authoritative server had the records first, and until when resolvers may remember that there was none. */
async function awaitPublished(step: RotationStep): Promise<JsonObject> {
  const { context, inputs, journal } = step;
  const made = await selectorsOf(step, 'make');
  requireUsable(made);
  const asked = await Promise.all(made.map((selector) => askAll(step, selector, 'key')));
  const seen = seenSince(journal.lastCheckpoint);
  try {
    requireEverywhere(step, asked, 'not published everywhere');
  } catch (error) {
    // Whoever asked while it was gone remembers that anew.
    if (seen !== undefined) await journal.checkpoint({ seen: null });
    throw error;
  }
  const first = seen ?? context.clock.now();
  if (seen === undefined) await journal.checkpoint({ seen: first.toISOString() });
  const until = new Date(first.getTime() + inputs.negativeMemory);
  if (context.clock.now() < until)
    throw waiting(
      `every name server has the records since ${first.toISOString()}; until ${until.toISOString()} resolvers may remember that there were none`,
      notBefore(until),
    );
  const behind = asked.filter(({ answers }) => !isAsWanted(answers));
  if (behind.length > 0)
    throw waiting(
      `not all resolvers have the records: ${behind.flatMap(({ answers }) => differences(answers)).join('; ')}`,
      'they have them when what they remember has ended; cron may try',
    );
  await enter(step, made, { state: 'published', notBefore: until });
  return { seenAt: first.toISOString(), asked: asked.map(({ record }) => record) };
}

function seenSince(checkpoint: unknown): Date | undefined {
  const isSeen = typeof checkpoint === 'object' && checkpoint !== null && 'seen' in checkpoint;
  return isSeen && typeof checkpoint.seen === 'string' ? new Date(checkpoint.seen) : undefined;
}

/** The zone is asked once more: since the last step, days may have gone by. */
async function sign(step: RotationStep): Promise<JsonObject> {
  const { context, inputs, state } = step;
  const made = await selectorsOf(step, 'make');
  requireUsable(made);
  const asked = await Promise.all(made.map((selector) => askAll(step, selector, 'key')));
  requireEverywhere(step, asked, 'no longer published everywhere');
  await requireKeyFiles(made);
  const retired = await selectorsOf(step, 'retire');
  const old = await Promise.all(retired.map((selector) => askAll(step, selector, 'key')));
  const going = new Set(retired.map(({ selector }) => selector));
  const all = await readSelectors(state, context.profile, inputs.domain);
  const staying = all.filter((known) => known.state === 'active' && !going.has(known.selector));
  const coming = made.filter((known) => known.state !== 'active');
  await activate(step, [...staying, ...coming]);
  await enter(step, made, { state: 'active' });
  const now = context.clock.now();
  const memory = Math.max(inputs.recordMemory, ...old.map(({ observation }) => recordMemory(observation)));
  const until = new Date(now.getTime() + inputs.queueLife + memory);
  await enter(step, retired, { state: 'grace', notBefore: until });
  return { signedAt: now.toISOString(), graceUntil: until.toISOString() };
}

/** Lets selectors go on that have been in a state for as long as they must. */
async function awaitTime(
  step: RotationStep,
  from: SelectorState,
  to: SelectorState,
  why: string,
): Promise<JsonObject> {
  const { context } = step;
  const retired = await selectorsOf(step, 'retire');
  const times = retired.flatMap((selector) =>
    selector.state === from && selector.notBefore !== null ? [Date.parse(selector.notBefore)] : [],
  );
  const until = new Date(Math.max(0, ...times));
  if (context.clock.now() < until) {
    const names = retired.map(({ selector }) => selector).join(', ');
    throw waiting(
      `${names} is in its ${from === 'grace' ? 'grace' : 'hold'} until ${until.toISOString()}: ${why}`,
      notBefore(until),
    );
  }
  await enter(step, retired, { state: to });
  return { endedAt: context.clock.now().toISOString() };
}

async function awaitRevoked(step: RotationStep): Promise<JsonObject> {
  const asked = await awaitRecord(step, 'revoked', 'not revoked everywhere');
  const now = step.context.clock.now();
  const until = new Date(now.getTime() + step.inputs.hold);
  await enter(step, await selectorsOf(step, 'retire'), { state: 'revoked', notBefore: until });
  return { revokedAt: now.toISOString(), asked };
}

async function awaitRemoved(step: RotationStep): Promise<JsonObject> {
  const asked = await awaitRecord(step, 'absent', 'not removed everywhere');
  await enter(step, await selectorsOf(step, 'retire'), { state: 'removed' });
  return { removedAt: step.context.clock.now().toISOString(), asked };
}

async function awaitRecord(
  step: RotationStep,
  wanted: 'revoked' | 'absent',
  what: string,
): Promise<JsonObject[]> {
  // What an earlier plan brought further has no such record any more.
  const last = wanted === 'revoked' ? 'revoked' : 'removed';
  const retired = (await selectorsOf(step, 'retire')).filter(({ state }) => !isAfter(state, last));
  const asked = await Promise.all(retired.map((selector) => askAll(step, selector, wanted)));
  requireEverywhere(step, asked, what);
  return asked.map(({ record }) => record);
}

async function destroyKeys(step: RotationStep): Promise<JsonObject> {
  const retired = await selectorsOf(step, 'retire');
  for (const { keyFile } of retired) await deleteKeyFile(keyFile);
  await removeTemporaryFiles(step.context, step.inputs.domain);
  await enter(step, retired, { state: 'destroyed' });
  return {
    destroyed: retired.map(({ keyFile }) => keyFile),
    destroyedAt: step.context.clock.now().toISOString(),
  };
}
