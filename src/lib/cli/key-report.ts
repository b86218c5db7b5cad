import { writeFileAtomic } from '../base/atomic-file.ts';
import { registerReport } from '../key/register/report.ts';
import type { KeyStatusResult } from '../key/register/results.ts';
import { renderReport } from '../report/html/render.ts';

/** Writes the calendar of all keys as one HTML page. */
export async function writeKeyReport(
  file: string,
  status: Omit<KeyStatusResult, 'report'>,
  tool: string,
): Promise<void> {
  await writeFileAtomic(file, await renderReport(registerReport(status, tool)));
}
