import { createHash } from 'node:crypto';
import type { Client } from '../../../base/postgres.ts';
import { createPlan, type Plan, type Precondition } from '../../../operation/plan.ts';
import { precondition } from '../../../operation/staleness.ts';
import { databaseTarget } from '../../../operation/target.ts';
import { requireRights } from '../../../platform/rights.ts';
import type { PseudonymKey } from '../pseudonym.ts';
import { type PseudonymContext, withWriter } from './context.ts';
import { countVersions, olderThan } from './count-versions.ts';
import type { CountedColumn, RotateInputs } from './inputs.ts';
import { type PseudonymTable, pseudonymTables } from './scope.ts';

export interface PlannedRotation {
  /** Undefined where no pseudonym is under an older key. */
  readonly plan: Plan | undefined;
  readonly inputs: RotateInputs;
  /** How many are to be replaced. */
  readonly values: number;
}

/**
 * Plans that every pseudonym under an older key is replaced by one of the newest.
 * @throws {PosternError} as `pseudonymTables`, `requireRights`
 */
export async function planRotation(
  context: PseudonymContext,
  { batchSize }: { readonly batchSize: number },
): Promise<PlannedRotation> {
  const [key, map] = [await context.newestKey(), await context.map()];
  return withWriter(context, async (db) => {
    await db.query('set statement_timeout = 0');
    const tables = await pseudonymTables(db, map);
    await requireRotateRights(db, tables);
    const columns = [...(await countVersions(db, tables))];
    const inputs: RotateInputs = {
      version: key.version,
      keyId: keyIdOf(key),
      columns,
      triggers: tables.flatMap(({ name, relation }) =>
        relation.triggers.map((trigger) => `${name}.${trigger.name}`),
      ),
      batchSize,
    };
    const values = olderThan(key.version, columns);
    if (values === 0) return { plan: undefined, inputs, values };
    const plan = createPlan(context, {
      kind: 'subject.rotate-pseudonyms',
      target: await databaseTarget(db),
      inputs: { ...inputs },
      steps: [
        ...tables.map(({ name }) => ({
          kind: 'rotate',
          summary: `put the pseudonyms of ${name} under version ${key.version} of the key`,
          inputs: { table: name },
        })),
        {
          kind: 'count',
          summary: 'count the pseudonyms of every version again',
          inputs: {},
        },
      ],
      preconditions: rotatePreconditions(key, tables),
      effects: { 'pseudonyms replaced': values },
    });
    return { plan, inputs, values };
  });
}

/** How many pseudonyms of each version there are now. Errors as `pseudonymTables`. */
export async function countedNow(context: PseudonymContext): Promise<readonly CountedColumn[]> {
  const map = await context.map();
  return withWriter(context, async (db) => {
    await db.query('set statement_timeout = 0');
    return countVersions(db, await pseudonymTables(db, map));
  });
}

/** Another key of the same version, or other columns, make a plan stale. */
export function rotatePreconditions(
  key: PseudonymKey,
  tables: readonly PseudonymTable[],
): readonly Precondition[] {
  return [
    precondition('the newest key of pseudonyms', { version: key.version, id: keyIdOf(key) }),
    precondition(
      'columns with pseudonyms',
      tables.map(({ name, columns }) => ({
        table: name,
        columns: columns.map((column) => ({ ...column })),
      })),
    ),
  ];
}

export function requireRotateRights(db: Client, tables: readonly PseudonymTable[]): Promise<void> {
  const rights = tables.flatMap(({ name: table, columns }) => [
    { table, right: 'SELECT' } as const,
    ...columns.map(({ name }) => ({ table, column: name, right: 'UPDATE' }) as const),
  ]);
  return requireRights(db, rights);
}

/** Sixteen hexadecimal digits that say nothing about the key. */
const keyIdOf = ({ bytes }: PseudonymKey): string =>
  createHash('sha256').update('postern pseudonym key id v1\0').update(bytes).digest('hex').slice(0, 16);
