import type { BackupDrillResult, DrillCleanupResult } from '../backup/drill/results.ts';
import { counted } from '../base/counted.ts';
import { ExitCode } from '../base/exit-code.ts';
import { unmappedLines } from './restore-text.ts';

/** What a person is told of a drill. */
export function drillLines(drill: BackupDrillResult): readonly string[] {
  const rows = drill.sources.reduce((sum, source) => sum + source.rows, 0);
  const tables = drill.sources.reduce((sum, source) => sum + source.tables.length, 0);
  const passed = drill.smoke.filter((query) => query.passed).length;
  return [
    `${drill.setId}: ${counted(rows, 'row')} of ${counted(tables, 'table')} are as they were backed up`,
    `open after ${drill.rtoSeconds.toFixed(1)} s on PostgreSQL ${drill.server.version} (${drill.server.kind})`,
    ...unmappedLines(drill.sources.flatMap(({ erasures }) => erasures.unmapped)),
    ...(drill.smoke.length === 0 ? [] : [`smoke queries: ${passed} of ${drill.smoke.length} passed`]),
    ...drill.findings.map((finding) => `finding: ${finding}`),
    ...(drill.certificateId === null ? [] : [`certificate ${drill.certificateId}`]),
    ...drill.kept.map((line) => `kept: ${line}`),
  ];
}

/** Wrapped keys that should be there are lost data; time and smoke queries are findings. */
export function drillExitCode({ verdict, sources }: BackupDrillResult): ExitCode {
  if (verdict === 'passed') return ExitCode.done;
  const isKeyLost = sources.some(
    ({ keyring: { rows, missing, lost } }) => lost.length > 0 || (rows === 0 && missing > 0),
  );
  return isKeyLost ? ExitCode.integrity : ExitCode.findings;
}

/** What a person is told of a clean-up; nothing where nothing was found. */
export function cleanupLines({ dropped, left }: DrillCleanupResult): readonly string[] {
  return [
    ...dropped.map((name) => `removed ${name}`),
    ...left.map(({ name, reason }) => `left ${name}: ${reason}`),
  ];
}
