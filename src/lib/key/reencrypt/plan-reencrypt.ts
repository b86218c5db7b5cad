import { createPlan, type Plan } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { requireAllRows, requireRights } from '../../platform/rights.ts';
import type { KeyContext } from '../context.ts';
import { keyringTriggerWarnings } from '../keyring/triggers.ts';
import { forecastOf } from './forecast.ts';
import type { ReencryptInputs } from './inputs.ts';
import { scopePrecondition } from './precondition.ts';
import { reencryptRights } from './rights.ts';
import { keyringScope, requireDataKeys } from './scope.ts';
import { triggerWarnings } from './triggers.ts';

export type ReencryptOptions = Pick<
  ReencryptInputs,
  | 'keys'
  | 'kek'
  | 'batchSize'
  | 'workers'
  | 'rowsPerSecond'
  | 'bearable'
  | 'kmsRequestsPerSecond'
  | 'writerCacheSeconds'
> & {
  /** Canonical `schema.table`; the map's only keyring unless told. */
  readonly keyring: string | undefined;
  /** With `keys: 'new'`: only these get successors. */
  readonly compromised?: ReencryptInputs['compromised'];
};

export interface PlannedReencrypt {
  /** Undefined where every value is under its active key and no new ones are wanted. */
  readonly plan: Plan | undefined;
  readonly forecast: ReencryptInputs['forecast'];
  readonly keyring: string;
  /** A sentence each: what the walk sets off. */
  readonly warnings: readonly string[];
}

/**
 * Plans that every value under a keyring is encrypted again. Nothing is changed yet.
 * @throws {PosternError} exit 6 `role-cannot-write`, `row-security`; exit 2 `keyring-of-hmac-keys`; else as `keyringScope`
 */
export async function planReencrypt(
  context: KeyContext,
  options: ReencryptOptions,
): Promise<PlannedReencrypt> {
  const map = await context.map();
  const reader = await context.openReader();
  const writer = await context.openWriter();
  try {
    const scope = await keyringScope(reader, map, options.keyring);
    requireDataKeys(map, scope.keyring.table);
    await requireRights(writer, reencryptRights(scope, options.keys));
    await requireAllRows(reader, [scope.keyring.table, ...scope.columns.map(({ table }) => table)]);
    const forecast = await forecastOf(reader, scope, options);
    const { keyring, columns } = scope;
    const warnings = [
      ...columns.flatMap(triggerWarnings),
      ...keyringTriggerWarnings(keyring, [keyring.state]),
    ];
    if (forecast.values === 0 && forecast.newKeys === 0) {
      return { plan: undefined, forecast, keyring: keyring.table, warnings };
    }
    const { keyring: _, compromised = null, ...chosen } = options;
    const inputs: ReencryptInputs = {
      ...chosen,
      compromised,
      keyring: keyring.table,
      columns: columns.map(({ table, column }) => ({ table, column })),
      forecast,
    };
    const plan = createPlan(context, {
      kind: 'key.reencrypt',
      target: await databaseTarget(writer),
      inputs: { ...inputs },
      steps: stepsOf(inputs),
      preconditions: [scopePrecondition(scope)],
      effects: { 'data keys made': forecast.newKeys, 'values encrypted again': forecast.values },
    });
    return { plan, forecast, keyring: keyring.table, warnings };
  } finally {
    await Promise.all([reader.end(), writer.end()]);
  }
}

function stepsOf({ keyring, columns, keys, forecast, compromised }: ReencryptInputs): Plan['body']['steps'] {
  const count = forecast.newKeys.toLocaleString('en');
  const successors = [
    { kind: 'make', summary: `make ${count} new data keys in ${keyring}`, inputs: {} },
    {
      kind: 'activate',
      summary: `make the new data keys active, and the old ones ${compromised === null ? 'decrypt-only' : 'compromised'}`,
      inputs: {},
    },
  ];
  return [
    ...(keys === 'new' ? successors : []),
    ...columns.map(({ table, column }) => ({
      kind: 'walk',
      summary: `encrypt ${table}.${column} again`,
      inputs: { table, column },
    })),
    {
      kind: 'settle',
      summary: `try values in quarantine again, count, and mark keys without values as drained`,
      inputs: {},
    },
  ];
}
