import { refused, usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { erasePreconditions } from '../erase/preconditions.ts';
import { requireNameless } from '../name-hash/index.ts';
import type { RectifyContext } from './context.ts';
import {
  askedOf,
  type Correction,
  type CorrectionOptions,
  correctionOf,
  requireTheirs,
} from './correction.ts';
import { findPlaces } from './find-places.ts';
import { objectedChannels, rowHolds } from './holds.ts';
import { type RectifyInputs, rectifyInputs } from './inputs.ts';
import { requireCorrectable, requireField, requireReadable } from './requirements.ts';
import { correctionOrder } from './table-order.ts';
import { toTellOf, triggersOf } from './to-tell.ts';
import { refusedValues } from './trial.ts';
import { commit, type RectifyValues } from './values.ts';

export interface RectifyOptions extends Pick<CorrectionOptions, 'field' | 'everywhere' | 'tenant'> {
  readonly values: RectifyValues;
  /** The file that the values are in; null where only this process knows them. */
  readonly valuesFile: string | null;
  readonly reason: string;
  readonly request: number | undefined;
}

export interface PlannedRectify {
  readonly plan: Plan;
  readonly inputs: RectifyInputs;
}

/**
 * Plans that a value of a person is corrected, in their row and in every copy that the map knows: counts where it
 * stands, and what the change sets off. Changes nothing, and keeps no value.
 * @throws {PosternError} exit 2 `rectify-nothing`, `rectify-field`, `text-names-person`; exit 6 as `correctionOf`,
 * `requireTheirs`, `requireCorrectable`
 */
export async function planRectify(context: RectifyContext, options: RectifyOptions): Promise<PlannedRectify> {
  const { values, valuesFile, field, everywhere, tenant, reason, request } = options;
  const map = await context.map();
  const hasher = await context.hasher();
  const db = await context.openWriter();
  try {
    await db.query('begin isolation level repeatable read read only');
    await db.query('set local statement_timeout = 0');
    const asked = { map, values, field, everywhere, tenant, signal: context.signal };
    await requireTheirs(db, await askedOf(db, asked), values);
    const correction = await correctionOf(db, asked);
    requireField(correction);
    await requireReadable(db, correction);
    requireNameless([reason], new Map([...correction.resolved.known, ['new', new Set([values.to])]]));
    const places = await findPlaces(db, correction, (table) => context.progress.detail(table));
    await db.query('rollback');
    const changed = places.filter(({ action }) => action === 'change');
    if (changed.length === 0) throw nothing(places.length > 0);
    await requireCorrectable(db, correction, places);
    const tables = correctionOrder(correction.treatments, [...new Set(changed.map(({ table }) => table))]);
    await requireTaken(db, correction, tables);
    await rowHolds(context, correction);
    const inputs: RectifyInputs = {
      reason,
      tenant: tenant ?? null,
      request: request ?? null,
      field: field === null ? null : { ...field },
      everywhere,
      commitment: commit(hasher, values),
      valuesFile,
      places,
      toTell: toTellOf(correction, places),
      objections: await objectedChannels(context, correction),
      triggers: triggersOf(correction, places).map(({ name, effect, to }) => ({ name, effect, to: [...to] })),
    };
    const most = (table: string) =>
      Math.max(...changed.filter((one) => one.table === table).map(({ rows }) => rows));
    const plan = createPlan(context, {
      kind: 'subject.rectify',
      target: await databaseTarget(db),
      inputs: { ...inputs },
      steps: [
        ...tables.map((table) => ({
          kind: 'correct',
          summary: `correct the value in up to ${most(table)} rows of ${table}`,
          inputs: { table },
        })),
        { kind: 'late', summary: 'correct what came meanwhile, also from triggers', inputs: {} },
        {
          kind: 'refresh',
          summary: 'refresh materialised views and statistics that hold the old value',
          inputs: {},
        },
      ],
      preconditions: [...erasePreconditions(map, correction.catalog)],
      effects: { 'values corrected': changed.reduce((sum, { rows }) => sum + rows, 0) },
    });
    return { plan, inputs: rectifyInputs.parse(inputs) };
  } finally {
    await db.end().catch(() => {});
  }
}

/** @throws {PosternError} exit 6, `rectify-blocked` */
async function requireTaken(db: Client, correction: Correction, tables: readonly string[]): Promise<void> {
  const [first, ...others] = await refusedValues(db, correction, tables);
  if (first === undefined) return;
  throw refused(`this cannot be corrected here: ${first}`, { code: 'rectify-blocked', hints: others });
}

const nothing = (isElsewhere: boolean): Error =>
  usageError(
    isElsewhere
      ? 'what is wrong stands only where nothing may be changed'
      : 'what is wrong stands nowhere, or is right already',
    {
      code: 'rectify-nothing',
      hints: isElsewhere
        ? ['--everywhere changes rows of others too; what the map keeps stays as it is']
        : ['`postern subject find` tells what that name leads to'],
    },
  );
