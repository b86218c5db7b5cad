import { PosternError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { PosternContext } from '../context.ts';
import { explainError } from '../report-error.ts';
import { checkBackup, checkBackupKeys, checkCertificates, checkSchemaDumper } from './backup-checks.ts';
import type { DoctorLine, Finding } from './check.ts';
import { checkKms, checkStores } from './cloud-checks.ts';
import { checkMap, checkPlatform, checkState } from './database-checks.ts';

type Check = (context: PosternContext) => Promise<Finding>;

/** Asks every component, all at once, and tells what each said; one that cannot be asked stops none of the others. */
export async function runChecks(context: PosternContext): Promise<readonly DoctorLine[]> {
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
  return Promise.all(
    checks.map(async ([component, check]) => ({ component, ...(await ask(context, check)) })),
  );
}

async function ask(context: PosternContext, check: Check): Promise<Omit<DoctorLine, 'component'>> {
  try {
    const { hint, ...found } = await check(context);
    return { ...found, hint: hint ?? null };
  } catch (error) {
    const { message, hints, exitCode, isBug } = explainError(error);
    if (isBug) throw error;
    // What the configuration leaves out is not there; what it names wrongly is a finding; the rest was not answered.
    const isAbsent = error instanceof PosternError && error.code === 'not-configured';
    const state = isAbsent
      ? 'absent'
      : exitCode === ExitCode.usage || exitCode === ExitCode.integrity || exitCode === ExitCode.refused
        ? 'finding'
        : 'unknown';
    return {
      state,
      message: isAbsent ? 'not configured' : message,
      hint: isAbsent ? null : (hints[0] ?? null),
    };
  }
}
