import { refused, usageError } from '../../base/error.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { databaseTarget } from '../../operation/target.ts';
import { requireRights } from '../../platform/rights.ts';
import type { KeyContext } from '../context.ts';
import { keyringTriggerWarnings } from '../keyring/triggers.ts';
import { keyringScope } from '../reencrypt/scope.ts';
import type { KekInputs } from './inputs.ts';
import { type UsedKek, usedKeks } from './keks.ts';
import { kekRights } from './rights.ts';

export interface RotateKekOptions {
  /** Canonical `schema.table`; the map's only keyring unless told. */
  readonly keyring: string | undefined;
  /** Id or ARN of the key that takes over; undefined: the same key, with new material. */
  readonly to: string | undefined;
  readonly alias: string | undefined;
  readonly batchSize: number;
  readonly kmsRequestsPerSecond: number | null;
}

export interface PlannedKekRotation {
  readonly plan: Plan;
  readonly inputs: KekInputs;
  /** A sentence each: what the change of the keyring sets off. */
  readonly warnings: readonly string[];
}

/** AWS KMS, symmetric requests, US dollars each: 0.03 for 10,000. */
const usdPerKmsCall = 0.03 / 10_000;
/** Wrapped keys a second without a limit, for the forecast. */
const keysPerSecond = 100;
/** Wrapping anew, and opening both to compare. */
const callsPerKey = 3;

/**
 * Plans that what wraps a keyring's data keys is replaced. No value is touched.
 * @throws {PosternError} exit 2 `kek-unnamed`, `kek-usage`; exit 6 `kek-unusable`, `kek-missing`, and as
 * `requireRights`; as `keyringScope`
 */
export async function planKekRotation(
  context: KeyContext,
  options: RotateKekOptions,
): Promise<PlannedKekRotation> {
  const kms = await context.kms();
  const db = await context.openWriter();
  try {
    const { keyring } = await keyringScope(db, await context.map(), options.keyring);
    await requireRights(db, kekRights(keyring));
    const used = await usedKeks(db, kms, keyring);
    const to = await targetKey(context, used, options.to);
    const keys = used.reduce((sum, row) => sum + row.keys, 0);
    const kmsCalls = keys * callsPerKey;
    const rate = Math.min(
      keysPerSecond,
      (options.kmsRequestsPerSecond ?? Number.POSITIVE_INFINITY) / callsPerKey,
    );
    const inputs: KekInputs = {
      keyring: keyring.table,
      mode: options.to === undefined ? 'material' : 'key',
      from: [...new Set(used.map(({ arn, written }) => arn ?? written))],
      to,
      materialBefore: (await kms.currentMaterial(to)) ?? null,
      alias: options.alias ?? null,
      batchSize: options.batchSize,
      kmsRequestsPerSecond: options.kmsRequestsPerSecond,
      forecast: {
        keys,
        kmsCalls,
        usd: Number((kmsCalls * usdPerKmsCall).toFixed(6)),
        seconds: Math.ceil(keys / rate),
      },
    };
    const plan = createPlan(context, {
      kind: 'key.rotate-kek',
      target: await databaseTarget(db),
      inputs: { ...inputs },
      steps: stepsOf(inputs),
      preconditions: [keksPrecondition(used)],
      effects: { 'data keys wrapped anew': keys },
    });
    const changed = [keyring.wrapped, keyring.kek, keyring.material];
    return { plan, inputs, warnings: keyringTriggerWarnings(keyring, changed) };
  } finally {
    await db.end();
  }
}

/** Under which KMS keys the data keys were when the plan was made. */
export const keksPrecondition = (used: readonly UsedKek[]) =>
  precondition('KMS keys of the keyring', [...new Set(used.map(({ written }) => written))].toSorted());

async function targetKey(
  context: KeyContext,
  used: readonly UsedKek[],
  to: string | undefined,
): Promise<string> {
  const kms = await context.kms();
  const missing = used.find(({ arn }) => arn === undefined);
  if (missing !== undefined) {
    throw refused(
      `${missing.keys} data keys are under ${missing.written}, which is no key of ${kms.location}`,
      {
        code: 'kek-missing',
        hints: [
          'a keyring names keys by id or ARN; check the region and the account of kms in the configuration',
        ],
      },
    );
  }
  const arns = [...new Set(used.map(({ arn }) => arn ?? ''))];
  const [only] = arns;
  if (only === undefined) throw usageError('the keyring holds no wrapped key', { code: 'kek-unnamed' });
  if (to === undefined && arns.length > 1) {
    throw usageError(`data keys are under ${arns.length} KMS keys: ${arns.join(', ')}`, {
      code: 'kek-unnamed',
      hints: ['bring them under one of them with --to KEY'],
    });
  }
  const { arn, usage, state } = await kms.describeKey(to ?? only);
  if (usage !== 'encrypt') throw usageError(`${arn} is a key that signs`, { code: 'kek-usage' });
  if (state !== 'enabled') {
    throw refused(`${arn} is ${state.replace('-', ' ')}`, {
      code: 'kek-unusable',
      hints: ['enable it, or name another key with --to'],
    });
  }
  if (to !== undefined && arns.length === 1 && arns[0] === arn) {
    throw usageError(`every data key is under ${arn} already`, {
      code: 'kek-unnamed',
      hints: ['leave --to out to give this key new material'],
    });
  }
  return arn;
}

function stepsOf({ mode, alias, to, keyring, forecast }: KekInputs): Plan['body']['steps'] {
  const rotate = [
    { kind: 'rotate', summary: `give ${to} new material`, inputs: {} },
    { kind: 'await', summary: 'wait until the new material is in use everywhere', inputs: {} },
  ];
  const move = alias === null ? [] : [{ kind: 'move-alias', summary: `move ${alias} to ${to}`, inputs: {} }];
  return [
    ...(mode === 'material' ? rotate : move),
    {
      kind: 'rewrap',
      summary: `wrap ${forecast.keys.toLocaleString('en')} data keys of ${keyring} anew, and open each`,
      inputs: {},
    },
    { kind: 'census', summary: 'count what is left under anything older', inputs: {} },
  ];
}
