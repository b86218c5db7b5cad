import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatMetrics } from '../../src/lib/report/prometheus/format.ts';
import { type JobRun, recordJobRun } from '../../src/lib/report/prometheus/job-run.ts';
import { labelKey, type MetricFamily } from '../../src/lib/report/prometheus/metric.ts';
import { parseMetrics } from '../../src/lib/report/prometheus/parse.ts';
import { describeWith } from '../support/optional.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-metrics-'));
  file = join(folder, 'postern.prom');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const good: JobRun = {
  profile: 'production',
  job: 'backup-run',
  startedAt: new Date('2026-03-01T02:00:00Z'),
  endedAt: new Date('2026-03-01T02:00:12.500Z'),
  exitCode: 0,
  gauges: [
    {
      name: 'postern_backup_bytes',
      help: 'size',
      labels: { destination: 'offsite' },
      value: 1.5e9,
    },
    { name: 'postern_backup_bytes', help: 'size', labels: { destination: 'second' }, value: 7 },
  ],
};
const bad: JobRun = {
  ...good,
  startedAt: new Date('2026-03-08T02:00:00Z'),
  endedAt: new Date('2026-03-08T02:00:01Z'),
  exitCode: 1,
  gauges: [],
};
const seconds = (time: string): number => new Date(time).getTime() / 1000;

/** `name{labels}` → value, of the whole file. */
async function recorded(): Promise<Readonly<Record<string, number>>> {
  const families = parseMetrics(await readFile(file, 'utf8'));
  return Object.fromEntries(
    families.flatMap(({ name, samples }) =>
      samples.map(({ labels, value }) => [
        `${name.replace('postern_', '')} ${Object.values(labels).join(' ')}`,
        value,
      ]),
    ),
  );
}

describe('the metrics of a job', () => {
  it('say when it ran, how long, and with which exit code', async () => {
    await recordJobRun(file, good);
    const ended = seconds('2026-03-01T02:00:12.500Z');
    expect(await recorded()).toEqual({
      'job_last_run_timestamp_seconds production backup-run': ended,
      'job_last_success_timestamp_seconds production backup-run': ended,
      'job_last_exit_code production backup-run': 0,
      'job_duration_seconds production backup-run': 12.5,
      'backup_bytes offsite production backup-run': 1.5e9,
      'backup_bytes second production backup-run': 7,
    });
  });

  it('keep the last success over a failure, and drop the numbers that the failed run did not see', async () => {
    await recordJobRun(file, good);
    await recordJobRun(file, bad);
    expect(await recorded()).toEqual({
      'job_last_run_timestamp_seconds production backup-run': seconds('2026-03-08T02:00:01Z'),
      'job_last_success_timestamp_seconds production backup-run': seconds('2026-03-01T02:00:12.500Z'),
      'job_last_exit_code production backup-run': 1,
      'job_duration_seconds production backup-run': 1,
    });
  });

  it('of a job that has never succeeded have no last success', async () => {
    await recordJobRun(file, bad);
    expect(await readFile(file, 'utf8')).not.toContain('last_success');
  });

  it('leave those of other jobs and other programs where they are', async () => {
    await writeFile(file, '# TYPE other gauge\nother{job="backup-run"} 3\n');
    await recordJobRun(file, { ...good, job: 'doctor' });
    await recordJobRun(file, { ...bad, profile: 'staging' });
    await recordJobRun(file, bad);
    expect(await recorded()).toMatchObject({
      'other backup-run': 3,
      'backup_bytes offsite production doctor': 1.5e9,
      'job_last_exit_code production doctor': 0,
      'job_last_exit_code staging backup-run': 1,
      'job_last_exit_code production backup-run': 1,
    });
  });

  it('of a run that failed before it knew its profile go to the profile that the job always had', async () => {
    await recordJobRun(file, good);
    await recordJobRun(file, { ...bad, profile: undefined });
    expect(await recorded()).toMatchObject({ 'job_last_exit_code production backup-run': 1 });
  });

  it('of such a run have the profile "unknown" where there were two, or none', async () => {
    await recordJobRun(file, { ...bad, profile: undefined });
    expect(await recorded()).toMatchObject({ 'job_last_exit_code unknown backup-run': 1 });
    await recordJobRun(file, good);
    await recordJobRun(file, { ...bad, profile: undefined, exitCode: 2 });
    expect(await recorded()).toMatchObject({ 'job_last_exit_code unknown backup-run': 2 });
  });

  it('can be read by the exporter whatever the umask, and leave nothing beside them', async () => {
    const umask = process.umask(0o077);
    try {
      await recordJobRun(file, good);
    } finally {
      process.umask(umask);
    }
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readdir(folder)).toEqual(['postern.prom']);
  });

  it.each([
    'root:x:0:0:root:/root:/bin/bash\n',
    'a 1',
    'a 1 1700000000\n',
    '# TYPE a histogram\n',
    'a{b="1",b="2"} 1\n',
    'a{b="1"} 1\na{b="1"} 2\n',
  ])('do not overwrite a file that holds something else: %j', async (text) => {
    await writeFile(file, text);
    await expect(recordJobRun(file, good)).rejects.toMatchObject({ code: 'not-metrics', exitCode: 1 });
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});

const families = fc
  .uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/),
      help: fc.string({ unit: 'binary' }),
      type: fc.constantFrom<MetricFamily['type'][]>('gauge', 'counter', 'untyped'),
      samples: fc.uniqueArray(
        fc.record({
          labels: fc.dictionary(fc.stringMatching(/^[a-zA-Z_]\w{0,5}$/), fc.string(), {
            noNullPrototype: true,
          }),
          value: fc.double(),
        }),
        { minLength: 1, selector: ({ labels }) => labelKey(labels) },
      ),
    }),
    { selector: ({ name }) => name },
  )
  .map((all): readonly MetricFamily[] => all);

describe('the text format', () => {
  it('escapes what would end a label, a line or a help text', () => {
    const text = formatMetrics([
      { name: 'a', help: 'one\\two\nthree', type: 'gauge', samples: [{ labels: { b: '"\\\n' }, value: 1 }] },
    ]);
    expect(text).toBe('# HELP a one\\\\two\\nthree\n# TYPE a gauge\na{b="\\"\\\\\\n"} 1\n');
  });

  it.each([
    ['a name', [{ name: 'a-b', help: '', type: 'gauge', samples: [{ labels: {}, value: 1 }] }]],
    ['a label', [{ name: 'a', help: '', type: 'gauge', samples: [{ labels: { 'b c': '' }, value: 1 }] }]],
    [
      'two samples with the same labels',
      [{ name: 'a', help: '', type: 'gauge', samples: [1, 2].map((value) => ({ labels: {}, value })) }],
    ],
  ] as const)('refuses %s that it does not allow', (_, wrong) => {
    expect(() => formatMetrics(wrong)).toThrow(TypeError);
  });

  it('is read back as it was written, whatever the strings', () => {
    fc.assert(
      fc.property(families, (written) => {
        const text = formatMetrics(written);
        expect(formatMetrics(parseMetrics(text))).toBe(text);
        const total = written.flatMap(({ samples }) => samples).length;
        expect(parseMetrics(text).flatMap(({ samples }) => samples)).toHaveLength(total);
      }),
    );
  });

  it('is read or refused, and nothing else, whatever the text', () => {
    const lines = fc
      .array(fc.string({ unit: fc.constantFrom('a', '{', '}', '"', '\\', 'n', '=', ',', ' ', '1', '#') }))
      .map((all) => `${all.join('\n')}\n`);
    fc.assert(
      fc.property(lines, (text) => {
        try {
          parseMetrics(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'not-metrics' });
        }
      }),
    );
  });
});

describeWith(['promtool'], 'promtool', ({ promtool }) => {
  const check = (text: string): string =>
    execFileSync(promtool, ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });

  it('finds nothing to say about what a job writes, names and help texts included', async () => {
    await recordJobRun(file, { ...good, profile: 'a "quoted" \\ name\n' });
    await recordJobRun(file, bad);
    expect(check(await readFile(file, 'utf8'))).toBe('');
  });

  it('is asked in a way that would say something', () => {
    expect(() => check('a{b="1} 1\n')).toThrow();
  });
});
