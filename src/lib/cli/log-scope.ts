import type { LogScan } from '../subject/log/index.ts';
import type { ScanOptions } from '../subject/residue/index.ts';
import type { PosternContext } from './context.ts';

/** Looks through the log files that `subjects.logs` names; `none` where it names none. */
export async function scanConfiguredLogs(
  context: PosternContext,
  options: ScanOptions,
): Promise<LogScan | 'none'> {
  const { logs = [] } = context.config.profile.subjects ?? {};
  if (logs.length === 0) return 'none';
  const { scanLogs } = await import('../subject/log/index.ts');
  return scanLogs(
    logs.map((pattern) => context.path('subjects', pattern)),
    options,
  );
}
