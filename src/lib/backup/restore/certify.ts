import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { CertificateSubject } from '../../operation/plan-kind.ts';
import { type RestoreStep, restoreInputs, restoreSteps } from './plan-restore.ts';

interface RestoreStatement {
  readonly subject: readonly CertificateSubject[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/** What the certificate of a restore says; docs/formats/certificate.md describes every member. */
export function certifyRestore(plan: Plan, results: readonly JsonObject[]): RestoreStatement {
  const { setId, manifestSha256, destination, location, source, database, tables, objects } = planInputs(
    plan,
    restoreInputs,
  );
  const resultOf = (step: RestoreStep): JsonObject => results[restoreSteps.indexOf(step)] ?? {};
  const { notValid = [], leftOut = [] } = resultOf('post-data');
  return {
    subject: [{ name: `backup set ${setId}`, digest: { sha256: manifestSha256 } }],
    predicateType: 'urn:postern:predicate:backup-restore:v1',
    predicate: {
      setId,
      destination,
      location,
      source,
      database,
      partial:
        tables === null ? null : { tables, foreignKeysNotValid: notValid, foreignKeysLeftOut: leftOut },
      keyring: resultOf('keyring'),
      comparison: resultOf('compare'),
      erasures: resultOf('open')['erasures'] ?? resultOf('erasures'),
      objects: objects === null ? null : { targets: objects, ...resultOf('objects') },
    },
  };
}
