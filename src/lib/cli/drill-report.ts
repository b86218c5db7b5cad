import type { DrillContext, DrillOptions } from '../backup/drill/context.ts';
import type { BackupDrillResult } from '../backup/drill/results.ts';
import { runDrill } from '../backup/drill/run-drill.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { PosternError } from '../base/error.ts';
import type { Report } from '../report/html/report.ts';

/** Runs a drill and writes its report, also when the drill fails. Errors as `runDrill`. */
export async function reportedDrill(
  context: DrillContext,
  options: DrillOptions,
  file: string | undefined,
): Promise<BackupDrillResult> {
  if (file === undefined) return runDrill(context, options);
  const { drillReport, failedDrillReport } = await import('../backup/drill/report.ts');
  const about = () => ({ profile: context.profile, madeAt: context.clock.now(), tool: context.tool });
  try {
    const result = await runDrill(context, options);
    await write(file, drillReport(result, about()));
    return result;
  } catch (error) {
    if (error instanceof PosternError) {
      const { setId } = options;
      const failure = { setId, destination: context.sets.destination, reason: error.message };
      await write(file, failedDrillReport(failure, about()));
    }
    throw error;
  }
}

async function write(file: string, report: Report): Promise<void> {
  const { renderReport } = await import('../report/html/render.ts');
  await writeFileAtomic(file, await renderReport(report));
}
