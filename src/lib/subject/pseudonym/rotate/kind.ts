import { partial } from '../../../base/error.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../../operation/plan.ts';
import type { PlanKind } from '../../../operation/plan-kind.ts';
import { databaseTarget } from '../../../operation/target.ts';
import { type PseudonymContext, withWriter } from './context.ts';
import { countVersions, olderThan } from './count-versions.ts';
import { rotateInputs } from './inputs.ts';
import { requireRotateRights, rotatePreconditions } from './plan-rotate.ts';
import { rotateTable } from './rotate-table.ts';
import { pseudonymTables } from './scope.ts';

export const rotatePseudonyms: PlanKind<PseudonymContext> = {
  kind: 'subject.rotate-pseudonyms',
  danger: 'moderate',
  target: (context) => withWriter(context, databaseTarget),
  preconditions: async (context) => {
    const [key, map] = [await context.newestKey(), await context.map()];
    return withWriter(context, async (db) => {
      const tables = await pseudonymTables(db, map);
      await requireRotateRights(db, tables);
      return rotatePreconditions(key, tables);
    });
  },
  applyStep: async (context, plan, index, journal): Promise<JsonObject> => {
    const { batchSize, version } = planInputs(plan, rotateInputs);
    const [key, map] = [await context.newestKey(), await context.map()];
    const step = plan.body.steps[index];
    return withWriter(context, async (db) => {
      await db.query('set statement_timeout = 0');
      const tables = await pseudonymTables(db, map);
      if (step?.kind === 'count') {
        const columns = await countVersions(db, tables);
        requireNoneOlder(version, olderThan(version, columns));
        return { columns: columns.map((column) => ({ ...column })) };
      }
      const table = tables.find(({ name }) => name === step?.inputs['table']);
      if (table === undefined) throw new TypeError('the plan names a table that is not in the map');
      return rotateTable(db, table, { key, batchSize, signal: context.signal, journal });
    });
  },
  certify: async (_, plan, results) => ({
    subject: [],
    predicateType: 'urn:postern:predicate:subject-rotate-pseudonyms:v1',
    predicate: predicateOf(plan, results),
  }),
};

/** What was written under the older key while the walk went on: by another host whose configuration is older. */
function requireNoneOlder(version: number, older: number): void {
  if (older === 0) return;
  throw partial(`${older} pseudonyms are under a key older than version ${version} still`, {
    code: 'pseudonyms-left',
    hints: [
      'something makes pseudonyms with the older key: give it the new configuration, cancel this plan, and rotate again',
    ],
  });
}

/** Says itself what pseudonymised data is. */
function predicateOf(plan: Plan, results: readonly JsonObject[]): JsonObject {
  const { version, keyId, columns, triggers } = planInputs(plan, rotateInputs);
  return {
    erasure: false,
    note: 'pseudonymised data is personal data: this is no erasure',
    version,
    keyId,
    before: columns.map((column) => ({ ...column })),
    after: results.at(-1)?.['columns'] ?? [],
    triggers,
  };
}
