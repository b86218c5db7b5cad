import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { createPlan, type Plan, type Precondition } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { databaseTarget } from '../../operation/target.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { requireRights } from '../../platform/rights.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import type { KeyContext } from '../context.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { keysById, keysOfSubject } from '../keyring/read-keys.ts';
import { keyringTriggers, keyringTriggerWarnings } from '../keyring/triggers.ts';
import { type KeyringScope, keyringScope } from '../reencrypt/scope.ts';
import { type ShredHorizon, shredHorizon } from './horizon.ts';
import type { ShredInputs } from './inputs.ts';
import { shredRights } from './rights.ts';

export interface ShredOptions {
  /** Canonical `schema.table`; the map's only keyring unless told. */
  readonly keyring: string | undefined;
  /** As the keyring's subject column has it. */
  readonly subject: string;
  readonly reason: string;
}

export interface PlannedShred {
  readonly plan: Plan;
  readonly inputs: ShredInputs;
  readonly horizon: ShredHorizon;
  /** A sentence each: what the change of the keyring sets off. */
  readonly warnings: readonly string[];
}

/**
 * Plans that every version of a subject's data key goes, so that nobody can read what is under it.
 * @throws {PosternError} exit 2 `keyring-without-subjects`, `subject-without-key`; exit 6 as `requireRights`; as
 * `keyringScope`
 */
export async function planShred(context: KeyContext, options: ShredOptions): Promise<PlannedShred> {
  const db = await context.openWriter();
  try {
    await db.query('set statement_timeout = 0');
    const scope = await keyringScope(db, await context.map(), options.keyring);
    const { keyring } = scope;
    await requireRights(db, [
      ...shredRights(keyring),
      ...scope.columns.map(({ table }) => ({ table, right: 'SELECT' }) as const),
    ]);
    if (keyring.subject === undefined) {
      throw usageError(
        `${keyring.table} has one key for all rows: to shred it would destroy everybody's values`,
        {
          code: 'keyring-without-subjects',
        },
      );
    }
    const versions = await keysOfSubject(db, keyring, options.subject);
    // Those that were destroyed before are named too: an older backup may still hold them.
    const keys = versions.map(({ id }) => id);
    if (versions.every(({ wrapped }) => wrapped.length === 0)) {
      throw usageError(`${keyring.table} holds no key of this subject`, {
        code: 'subject-without-key',
        hints: [
          versions.length === 0
            ? `give the value of ${keyring.subject}, as the keyring has it`
            : 'its keys were destroyed already',
        ],
      });
    }
    const changed = [keyring.wrapped, keyring.state];
    const inputs: ShredInputs = {
      keyring: keyring.table,
      keys: keys.toSorted(),
      reason: options.reason,
      values: await valuesUnder(db, scope, keys),
      triggers: [...keyringTriggers(keyring, changed)],
    };
    const total = inputs.values.reduce((sum, { values }) => sum + values, 0);
    const plan = createPlan(context, {
      kind: 'key.shred',
      target: await databaseTarget(db),
      inputs: { ...inputs },
      steps: [
        {
          kind: 'ledger',
          summary: 'write the erasure into the ledger, to be repeated after restores',
          inputs: {},
        },
        {
          kind: 'shred',
          summary: `destroy ${keys.length} versions of one subject's data key; ${total} values become unreadable for ever`,
          inputs: {},
        },
      ],
      preconditions: [await keysPrecondition(db, keyring, inputs.keys)],
      effects: { 'data keys destroyed': keys.length, 'values unreadable': total },
    });
    const horizon = await shredHorizon(await context.state(), context.profile);
    return { plan, inputs, horizon, warnings: keyringTriggerWarnings(keyring, changed) };
  } finally {
    await db.end();
  }
}

/** The versions as they are: a new one, or one that was shredded meanwhile, makes the plan stale. */
export async function keysPrecondition(
  db: Client,
  keyring: KeyringTable,
  keys: readonly string[],
): Promise<Precondition> {
  const named = await keysById(db, keyring, keys);
  const [first] = named;
  const all = first === undefined ? [] : await keysOfSubject(db, keyring, first.subject);
  return precondition(
    "versions of the subject's key",
    all.map(({ id, version, state }) => ({ id, version, state })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  );
}

async function valuesUnder(
  db: Client,
  { columns }: KeyringScope,
  keys: readonly string[],
): Promise<ShredInputs['values']> {
  const counted: ShredInputs['values'] = [];
  for (const { table, column } of columns) {
    const value = quoteIdentifier(column);
    const { rows } = await db.query<{ values: string }>(
      `select count(*) as values from ${tableName(table)}
       where case when ${formatOfValue(value)} = 'keyed' then ${keyIdOfValue(value)} end = any($1::uuid[])`,
      [keys],
    );
    counted.push({ table, column, values: Number(rows[0]?.values ?? 0) });
  }
  return counted;
}
