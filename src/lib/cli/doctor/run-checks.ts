import type { PosternContext } from '../context.ts';
import { checkBackup, checkBackupKeys, checkCertificates, checkSchemaDumper } from './backup-checks.ts';
import type { DoctorLine, Finding } from './check.ts';
import { checkKms, checkStores } from './cloud-checks.ts';
import { checkMap, checkPlatform, checkState } from './database-checks.ts';
import { checkDestinations } from './destination-checks.ts';
import { explained } from './explained.ts';

type Check = (context: PosternContext) => Promise<Finding>;

/**
 * Asks every component, all at once, and tells what each said; one that cannot be asked stops none of the others.
 * @param probe whether to write into the destinations of backups, one small object a day
 */
export async function runChecks(
  context: PosternContext,
  probe: 'probe' | 'no probe',
): Promise<readonly DoctorLine[]> {
  const checks: readonly (readonly [string, Check])[] = [
    ['node', async () => ({ state: 'ok', message: process.version })],
    [
      'configuration',
      async ({ config }) => ({ state: 'ok', message: `${config.file}, profile ${config.profileName}` }),
    ],
    ['platform database', checkPlatform],
    ['data map', checkMap],
    ['state database', checkState],
    ['kms', checkKms],
    ...checkStores(context),
    ['backup keys', checkBackupKeys],
    ['backup', checkBackup],
    ['certificates', checkCertificates],
    ['pg_dump', checkSchemaDumper],
  ];
  const [lines, tried] = await Promise.all([
    Promise.all(checks.map(([component, check]) => ask(context, component, check))),
    probe === 'probe' ? checkDestinations(context) : [],
  ]);
  return [...lines, ...tried];
}

async function ask(context: PosternContext, component: string, check: Check): Promise<DoctorLine> {
  const outcome = await explained(component, () => check(context));
  if ('failed' in outcome) return outcome.failed;
  const { hint, ...found } = outcome.done;
  return { component, ...found, hint: hint ?? null };
}
