import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleFile } from '../../src/lib/schedule/systemd.ts';
import { calendar, systemdUnits } from '../../src/lib/schedule/systemd.ts';
import { describeWith } from '../support/optional.ts';
import { choose } from './support.ts';

const hostile = `/srv/a 'b' "c" $HOME %d \\`;
const options = { user: 'root', environmentFile: '/etc/postern/env', writable: ['/srv/offsite', hostile] };
const units = (change: Parameters<typeof choose>[0] = {}): readonly ScheduleFile[] =>
  systemdUnits(choose(change).jobs, options);

/** The words of a command line, as systemd.service(5) takes it apart: quotes, backslashes, %% and $$. */
function wordsOf(line: string): readonly string[] {
  // One alone would be a specifier or a variable.
  expect(line.replaceAll('%%', '').replaceAll('$$', '')).not.toMatch(/[%$]/);
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare = '']) =>
    (quoted?.replaceAll(/\\(.)/g, '$1') ?? bare).replaceAll('%%', '%').replaceAll('$$', '$'),
  );
}

describe('units of systemd', () => {
  it('are a service and a timer for each job', () => {
    const paths = units({ only: ['doctor', 'backup-run'] }).map(({ path }) => path);
    expect(paths).toEqual([
      '/etc/systemd/system/postern-production-backup-run.service',
      '/etc/systemd/system/postern-production-backup-run.timer',
      '/etc/systemd/system/postern-production-doctor.service',
      '/etc/systemd/system/postern-production-doctor.timer',
    ]);
  });

  it('take no exit code but 0 for success, make up for what was missed, and start a little late', () => {
    const [service, timer] = units({ only: ['backup-run'] });
    expect(service?.text).not.toContain('SuccessExitStatus');
    expect(service?.text).toContain('\nUser=root\n');
    expect(service?.text).toContain('\nTimeoutStartSec=infinity\n');
    expect(service?.text).toContain('\nEnvironmentFile=/etc/postern/env\n');
    expect(timer?.text).toContain('\nPersistent=yes\n');
    expect(timer?.text).toContain('\nRandomizedDelaySec=120min\n');
  });

  it('hand every word on as it is', () => {
    const [service] = units({
      only: ['doctor'],
      configFile: hostile,
      settings: { ping_url: '${file:/a b}' },
    });
    const line = /^ExecStart=(.*)$/m.exec(service?.text ?? '')?.[1] ?? '';
    expect(wordsOf(line)).toEqual([
      '/usr/bin/postern',
      'doctor',
      '--config',
      hostile,
      '--profile',
      'production',
      '--no-input',
      '--ping-url',
      '${file:/a b}',
    ]);
  });
});

describeWith(['systemd-analyze'], 'systemd-analyze', (tools) => {
  const analyze = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(tools['systemd-analyze'], [...args], { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-units-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const verify = async (files: readonly ScheduleFile[]) => {
    const paths = files.map(({ path }) => join(folder, basename(path)));
    await Promise.all(files.map(({ text }, index) => writeFile(paths[index] ?? '', text)));
    return analyze('verify', '--man=no', '--recursive-errors=no', ...paths);
  };

  it('finds nothing wrong with the units', async () => {
    const found = await verify(
      units({ program: [process.execPath, hostile], configFile: hostile, prometheusFolder: hostile }),
    );
    expect(found).toEqual({ status: 0, said: '' });
  });

  it('is asked in a way that finds something', async () => {
    const [service] = units({ only: ['doctor'], program: ['/nonexistent/postern'] });
    const wrong = { path: service?.path ?? '', text: `${service?.text.replace('Nice=10', 'Niceness=10')}` };
    const { said } = await verify([wrong]);
    expect(said).toContain('/nonexistent/postern');
    expect(said).toContain('Niceness');
  });

  it('understands when each job begins, and so do we', () => {
    const settings = {
      jobs: { doctor: { every: 'hour', at: '00:15' }, 'backup-drill': { on: 28, at: '23:59' } },
    } as const;
    for (const { timing } of choose({ settings }).jobs) {
      const { status, said } = analyze('calendar', calendar(timing));
      expect(status).toBe(0);
      expect(said).toMatch(/Next elapse: \w+ \d/);
      if (timing.every === 'week') expect(said.toLowerCase()).toContain(`elapse: ${timing.on.slice(0, 3)} `);
      if (timing.every === 'month' && timing.on === 28) expect(said).toMatch(/-28 23:59:00/);
    }
  });
});
