import { counted } from '../../base/counted.ts';
import { refused, usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { requireRights } from '../../platform/rights.ts';
import type { KeyContext } from '../context.ts';
import { requireFirstMakeable } from '../keyring/first-versions.ts';
import { triggerWarnings } from '../reencrypt/triggers.ts';
import { countHashes, forecastOf } from './forecast.ts';
import { parityOf } from './hashed-column.ts';
import type { HmacInputs, HmacMode } from './inputs.ts';
import { hmacPrecondition } from './precondition.ts';
import { hmacRights } from './rights.ts';
import { type HmacScope, hmacScope, type Turn, turnOf } from './scope.ts';
import { stepsOf } from './steps-of.ts';
import { requireWindowOver } from './window.ts';

export type HmacOptions = Pick<
  HmacInputs,
  | 'mode'
  | 'kek'
  | 'windowSeconds'
  | 'writerCacheSeconds'
  | 'batchSize'
  | 'workers'
  | 'rowsPerSecond'
  | 'bearable'
  | 'kmsRequestsPerSecond'
> & {
  /** Canonical `schema.table`; the map's only keyring of HMAC keys unless told. */
  readonly keyring: string | undefined;
};

export interface PlannedHmac {
  /** Undefined where nothing stands in the old column and no version is to be drained. */
  readonly plan: Plan | undefined;
  readonly inputs: HmacInputs;
  /** A sentence each: what the walk sets off. */
  readonly warnings: readonly string[];
}

/**
 * Plans that another version of an HMAC key takes over, or the first one, that the hashes of the active one are set right, or that the
 * column of the one before is emptied. Nothing is changed yet.
 * @throws {PosternError} exit 6 `role-cannot-write`, `hmac-unfinished`, `hmac-running`, `hmac-window`, and as `turnOf`;
 * exit 2 `kek-unnamed`, and as `hmacScope` and `requireFirstMakeable`
 */
export async function planHmac(context: KeyContext, options: HmacOptions): Promise<PlannedHmac> {
  const map = await context.map();
  const reader = await context.openReader();
  const writer = await context.openWriter();
  try {
    const scope = await hmacScope(reader, map, options.keyring);
    const turn = turnOf(scope);
    const { mode } = options;
    if (turn.active === undefined) requireFirst(scope, turn, options);
    if (mode === 'new') await requireFree(reader, scope, turn);
    if (mode === 'finish') await requireFinishable(context, scope, turn, options.windowSeconds ?? 0);
    const inputs = await inputsOf(reader, scope, turn, options);
    await requireRights(writer, hmacRights(scope, inputs));
    const warnings = [
      ...scope.hashes.flatMap(({ table, relation, columns }) =>
        triggerWarnings({ table, relation, column: columns[writtenBy(mode, turn)] }),
      ),
      ...(await orphanWarnings(reader, scope, turn)),
    ];
    if (mode === 'finish' && inputs.forecast.values === 0 && inputs.drained.length === 0) {
      return { plan: undefined, inputs, warnings };
    }
    const plan = createPlan(context, {
      kind: mode === 'finish' ? 'key.rotate-hmac-finish' : 'key.rotate-hmac',
      target: await databaseTarget(writer),
      inputs: { ...inputs },
      steps: stepsOf(inputs),
      preconditions: [hmacPrecondition(scope)],
      effects:
        mode === 'finish'
          ? { 'hashes removed': inputs.forecast.values, 'HMAC keys drained': inputs.drained.length }
          : { 'HMAC keys made': inputs.forecast.newKeys, 'hashes written': inputs.forecast.values },
    });
    return { plan, inputs, warnings };
  } finally {
    await Promise.all([reader.end(), writer.end()]);
  }
}

/** Many of these say that the values have moved to another column, and the data map does not know. */
async function orphanWarnings(
  db: Client,
  { hashes }: HmacScope,
  { active }: Turn,
): Promise<readonly string[]> {
  if (active === undefined) return [];
  const warnings: string[] = [];
  for (const hashed of hashes) {
    const column = hashed.columns[parityOf(active.version)];
    const { orphans } = await countHashes(db, hashed, parityOf(active.version));
    if (orphans === 0) continue;
    warnings.push(
      `${counted(orphans, 'row')} of ${hashed.table} with a hash in ${column} and no ${hashed.source.column}: nobody will be found by these any more`,
    );
  }
  return warnings;
}

/** Which of the two columns is written: to finish, the one of the version before the active one. */
function writtenBy(mode: HmacMode, { active, next }: Turn) {
  if (active === undefined) return parityOf(next?.version ?? 1);
  return parityOf(mode === 'active' ? active.version : active.version + 1);
}

async function inputsOf(
  db: Client,
  { keyring, hashes, versions }: HmacScope,
  turn: Turn,
  options: HmacOptions,
): Promise<HmacInputs> {
  const { keyring: _, ...chosen } = options;
  const { mode } = options;
  const { active, next, old } = turn;
  const parity = writtenBy(mode, turn);
  const following = next ?? {
    id: null,
    version: numberAfter(Math.max(0, ...versions.map((one) => one.version)), active?.version ?? 0),
  };
  const newKeys = mode === 'new' && next === undefined ? 1 : 0;
  return {
    ...chosen,
    keyring: keyring.table,
    hashes: hashes.map(({ table, source, columns }) => ({
      table,
      source: source.column,
      column: columns[parity],
    })),
    active: active === undefined ? null : { id: active.id, version: active.version },
    next: mode === 'new' ? { id: following.id, version: following.version } : null,
    drained: mode === 'finish' ? old.map(({ id }) => id) : [],
    forecast: await forecastOf(db, hashes, { ...options, parity, newKeys }),
  };
}

/** The next number whose hashes stand in the other column than those of the active version. */
export const numberAfter = (highest: number, active: number): number =>
  highest + (parityOf(highest) === parityOf(active) ? 1 : 2);

/** Where there is no version, one can be made, and nothing else be done. */
function requireFirst({ keyring }: HmacScope, { next }: Turn, { mode, kek }: HmacOptions): void {
  const { table } = keyring;
  const hints = [
    `\`postern key rotate hmac ${table} --kek KEY\` makes the first one, wrapped by that KMS key`,
  ];
  if (mode !== 'new') {
    throw refused(`${table} has no version yet`, { code: 'hmac-not-active', hints });
  }
  if (next !== undefined) return;
  if (kek === null)
    throw usageError(`${table} has no version yet, whose KMS key would wrap the next`, {
      code: 'kek-unnamed',
      hints,
    });
  requireFirstMakeable(keyring);
}

/** The column of the next version is empty, but for what the version holds that is taken over by. */
async function requireFree(db: Client, { keyring: { table }, hashes }: HmacScope, turn: Turn): Promise<void> {
  const parity = writtenBy('new', turn);
  const hint = {
    hints: [
      turn.active === undefined
        ? 'if nobody looks up by them, empty the column'
        : `\`postern key rotate hmac ${table} --finish\` empties it, and drains the old version`,
    ],
  };
  const old = turn.old.find(({ version }) => parityOf(version) === parity);
  if (old !== undefined) {
    const message = `the last rotation of ${table} is not finished: applications still write and may look up by version ${old.version}`;
    throw refused(message, { code: 'hmac-unfinished', ...hint });
  }
  if (turn.next !== undefined) return;
  for (const hashed of hashes) {
    const { there } = await countHashes(db, hashed, parity);
    if (there === 0) continue;
    const column = `${hashed.table}.${hashed.columns[parity]}`;
    const message = `${column}, the column of the next version, holds ${there.toLocaleString('en')} hashes of another one`;
    throw refused(message, { code: 'hmac-unfinished', ...hint });
  }
}

async function requireFinishable(
  context: KeyContext,
  { keyring: { table } }: HmacScope,
  { active, next }: Turn,
  windowSeconds: number,
): Promise<void> {
  if (next !== undefined) {
    throw refused(
      `version ${next.version} of ${table} is pre-active: the column that would be emptied is its own`,
      {
        code: 'hmac-running',
        hints: [
          'apply the plan that rotates to its end, or run `postern key rotate hmac` again, which takes the version over',
        ],
      },
    );
  }
  await requireWindowOver(await context.state(), context.clock.now(), {
    profile: context.profile,
    keyring: table,
    active: active?.version ?? 0,
    windowSeconds,
  });
}
