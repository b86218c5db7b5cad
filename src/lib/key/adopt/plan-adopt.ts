import { createPlan, type Plan } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { requireAllRows, requireRights } from '../../platform/rights.ts';
import { requireMakeable } from '../keyring/first-versions.ts';
import { triggerWarnings } from '../reencrypt/triggers.ts';
import { adoptedColumn } from './adopted-column.ts';
import type { AdoptContext } from './context.ts';
import { forecastOf } from './forecast.ts';
import type { AdoptInputs } from './inputs.ts';
import { requireWindowOver } from './last-adopted.ts';
import { adoptPrecondition } from './precondition.ts';
import { remainsOf } from './remains.ts';
import { adoptRights } from './rights.ts';
import { sourceDecoder } from './source-decoder.ts';

export type AdoptOptions = Pick<
  AdoptInputs,
  | 'mode'
  | 'makeKeys'
  | 'windowSeconds'
  | 'batchSize'
  | 'workers'
  | 'rowsPerSecond'
  | 'bearable'
  | 'kmsRequestsPerSecond'
> & {
  /** Canonical `schema.table` and a column: the encrypted one, or the one that its values come from. */
  readonly name: { readonly table: string; readonly column: string };
};

export interface PlannedAdopt {
  /** Undefined where no row has a value that is to be encrypted, compared or removed. */
  readonly plan: Plan | undefined;
  readonly inputs: AdoptInputs;
  /** A sentence each: what the walk sets off. */
  readonly warnings: readonly string[];
  /** Where values in clear are left afterwards, a sentence each. */
  readonly remains: readonly string[];
}

/**
 * Plans that a column's values are encrypted, or, at the end, removed where they stood in clear. Nothing is changed
 * yet.
 * @throws {PosternError} exit 6 `role-cannot-write`, `adopt-not-done`, `adopt-window`; exit 2 `keyring-columns`, and as
 * `adoptedColumn`
 */
export async function planAdopt(context: AdoptContext, options: AdoptOptions): Promise<PlannedAdopt> {
  const { name, ...own } = options;
  const map = await context.map();
  const reader = await context.openReader();
  const writer = await context.openWriter();
  try {
    const adopted = await adoptedColumn(reader, map, name, own.mode);
    const { target, keyring, source } = adopted;
    const { table, column } = target;
    if (own.mode === 'finish') {
      const wanted = { profile: context.profile, table, column, windowSeconds: own.windowSeconds ?? 0 };
      await requireWindowOver(await context.state(), context.clock.now(), wanted);
    }
    if (own.makeKeys !== null) requireMakeable(keyring);
    await requireRights(writer, adoptRights(adopted, own));
    await requireAllRows(reader, [table, keyring.table]);
    // A passphrase that is missing is told before anything is planned.
    await sourceDecoder(context, adopted);
    const inputs: AdoptInputs = {
      ...own,
      keyring: keyring.table,
      table,
      column,
      source: source?.column ?? null,
      sourceFormat: source?.format ?? 'plain',
      forecast: await forecastOf(reader, adopted, own),
    };
    const written = own.mode === 'finish' && source !== undefined ? source.column : column;
    const warnings = triggerWarnings({ ...target, column: written });
    const remains = remainsOf(inputs);
    const { values, compared, newKeys } = inputs.forecast;
    if (values + compared + newKeys === 0) return { plan: undefined, inputs, warnings, remains };
    const plan = createPlan(context, {
      kind: own.mode === 'finish' ? 'key.adopt-finish' : 'key.adopt',
      target: await databaseTarget(writer),
      inputs: { ...inputs },
      steps: stepsOf(inputs),
      preconditions: [adoptPrecondition(adopted)],
      effects:
        own.mode === 'finish'
          ? { 'values in clear removed': values }
          : { 'data keys made': newKeys, 'values encrypted': values },
    });
    return { plan, inputs, warnings, remains };
  } finally {
    await Promise.all([reader.end(), writer.end()]);
  }
}

function stepsOf(inputs: AdoptInputs): Plan['body']['steps'] {
  const { mode, table, column, source, keyring, makeKeys, forecast } = inputs;
  const remains = remainsOf(inputs).join('; ');
  const step = (kind: string, summary: string) => ({ kind, summary, inputs: {} });
  if (mode === 'finish') {
    return [
      step('check', `open every value of ${table}.${column} and compare it with ${source}`),
      step('clear', `empty ${source} of each row whose value in ${column} opens to the same; ${remains}`),
    ];
  }
  const count = forecast.newKeys.toLocaleString('en');
  return [
    ...(makeKeys === null
      ? []
      : [step('make', `make ${count} data keys in ${keyring} for subjects that have none`)]),
    ...(mode === 'in-place'
      ? [step('walk', `encrypt what stands in clear in ${table}.${column}, in place; ${remains}`)]
      : [
          step('walk', `encrypt ${source} into ${column} of ${table}; ${remains}`),
          step('verify', `open every value of ${column} and encrypt ${source} again where it is another`),
        ]),
    step('settle', 'try values in quarantine again, and what applications wrote meanwhile'),
  ];
}
