import { access, chmod, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { failure } from '../../base/error.ts';
import { formatMetrics } from './format.ts';
import { type MetricFamily, mergeFamilies, type Sample } from './metric.ts';
import { parseMetrics } from './parse.ts';

/** A number that a command reports besides how it ended; `profile` and `job` are added to its labels. */
export interface Gauge {
  /** With its unit at the end: `postern_backup_last_timestamp_seconds`. A moment ages better than an age. */
  readonly name: `postern_${string}`;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** How a job went, and what it saw. */
export interface JobRun {
  /** Left out where the run ended before it knew; the file's own earlier content may know. */
  readonly profile: string | undefined;
  readonly job: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly exitCode: number;
  readonly gauges: readonly Gauge[];
}

const lastRun = 'postern_job_last_run_timestamp_seconds';
const lastSuccess = 'postern_job_last_success_timestamp_seconds';

/**
 * Writes a run into a textfile of node_exporter, whole or not at all, readable by everybody. Of what the file held
 * before, the last success stays, and all that belongs to other jobs. Gauges that this run did not report go away:
 * a number that was not looked at is not shown. Two jobs that end in the same moment should have a file each.
 * @throws {PosternError} exit 1, `code: 'not-metrics'`: the file holds something else, and is left alone
 * @throws {PosternError} exit 1, `code: 'metrics-folder'`: the exporter's folder is not there, and is not made up
 * @throws {NodeJS.ErrnoException} it cannot be read or written
 */
export async function recordJobRun(file: string, run: JobRun): Promise<void> {
  await requireFolder(dirname(file));
  const before = parseMetrics(await readIfThere(file));
  const profile = run.profile ?? onlyProfile(before, run.job) ?? 'unknown';
  const isOwn = ({ labels }: Sample): boolean => labels['profile'] === profile && labels['job'] === run.job;
  const kept = before.map((family) => ({
    ...family,
    samples: family.samples.filter((sample) => !isOwn(sample) || family.name === lastSuccess),
  }));
  await writeFileAtomic(file, formatMetrics(mergeFamilies(kept, familiesOf({ ...run, profile }))));
  // The exporter runs as another user; the umask of a hardened unit would keep it out.
  await chmod(file, 0o644);
}

function familiesOf({
  profile,
  job,
  startedAt,
  endedAt,
  exitCode,
  gauges,
}: JobRun & { readonly profile: string }): readonly MetricFamily[] {
  const labels = { profile, job };
  const one = (name: string, help: string, value: number, more: Sample['labels'] = {}): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    samples: [{ labels: { ...more, ...labels }, value }],
  });
  const ended = endedAt.getTime() / 1000;
  return [
    one(lastRun, 'When the job last ended, well or not, in Unix time.', ended),
    one(
      'postern_job_last_exit_code',
      'The exit code of the last run; 0 is success, the others are in the help of the command.',
      exitCode,
    ),
    one(
      'postern_job_duration_seconds',
      'How long the last run took.',
      (endedAt.getTime() - startedAt.getTime()) / 1000,
    ),
    ...(exitCode === 0
      ? [one(lastSuccess, 'When the job last ended with exit code 0, in Unix time.', ended)]
      : []),
    ...gauges.map(({ name, help, value, labels: more }) => one(name, help, value, more)),
  ].reduce<readonly MetricFamily[]>((all, family) => mergeFamilies(all, [family]), []);
}

/** The profile that this job has always run under, where it is one. */
function onlyProfile(families: readonly MetricFamily[], job: string): string | undefined {
  const samples = families.find(({ name }) => name === lastRun)?.samples ?? [];
  const profiles = samples.flatMap(({ labels }) =>
    labels['job'] === job && labels['profile'] !== undefined ? [labels['profile']] : [],
  );
  return profiles.length === 1 ? profiles[0] : undefined;
}

async function requireFolder(folder: string): Promise<void> {
  await access(folder).catch((cause: unknown) => {
    throw failure(`the folder ${folder} cannot be reached`, { code: 'metrics-folder', cause });
  });
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
