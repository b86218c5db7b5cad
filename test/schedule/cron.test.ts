import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobNames } from '../../src/lib/config/schedule-settings.ts';
import { crontab } from '../../src/lib/schedule/cron.ts';
import { offsetOf, type Timing } from '../../src/lib/schedule/timing.ts';
import { describeWith } from '../support/optional.ts';
import { choose } from './support.ts';

const options = { profile: 'production', user: 'postern', lockFolder: '/var/lib/postern' };

/** The lines of jobs, taken apart as cron does: fields, user, and the command up to the first bare %. */
function jobLines(text: string, columns: 5 | 6 = 6) {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !/^\w+=/.test(line))
    .map((line) => {
      const words = line.split(' ');
      const command = words.slice(columns).join(' ');
      expect(command).not.toMatch(/(?<!\\)%/);
      return {
        fields: words.slice(0, 5).join(' '),
        user: columns === 6 ? words[5] : undefined,
        command: command.replaceAll('\\%', '%'),
      };
    });
}

describe('a crontab', () => {
  it('has a line for each job, with real numbers, a user and a lock of its own', () => {
    const lines = jobLines(crontab(choose().jobs, options).text);
    expect(lines).toHaveLength(jobNames.length);
    for (const { fields, user, command } of lines) {
      expect(fields).toMatch(/^\d{1,2} \d{1,2} (\d{1,2}|\*) \* [0-6*]$/);
      expect(user).toBe('postern');
      expect(command).toMatch(/exec flock -n -E 11 \/var\/lib\/postern\/postern-production-[a-z-]+\.lock /);
      expect(command).toContain(' --no-input');
    }
    expect(new Set(lines.map(({ command }) => /\S+\.lock/.exec(command)?.[0])).size).toBe(jobNames.length);
  });

  it('of a person has no column for the user', () => {
    const file = crontab(choose({ only: ['doctor'] }).jobs, { ...options, user: undefined });
    expect(file.path).toBe('crontab');
    expect(jobLines(file.text, 5)[0]).toMatchObject({ command: expect.stringMatching(/^out=/) });
  });

  it('names the day of a weekly and of a monthly job, Sunday as 0', () => {
    const settings = {
      jobs: {
        'backup-run': { on: 'sunday', at: '01:00', jitter: '1s' },
        'backup-prune': { on: 'saturday', at: '02:30', jitter: '1s' },
        'backup-drill': { on: 28, at: '23:59' },
        'backup-status': { every: 'hour', at: '00:59' },
      },
    } as const;
    const only = ['backup-run', 'backup-prune', 'backup-drill', 'backup-status'] as const;
    expect(
      jobLines(crontab(choose({ settings, only }).jobs, options).text).map(({ fields }) => fields),
    ).toEqual(['0 1 * * 0', '59 23 28 * *', '30 2 * * 6', '59 * * * *']);
  });

  it('is refused where cron would cut a line', () => {
    const { jobs } = choose({ configFile: `/${'long/'.repeat(200)}postern.yaml` });
    expect(() => crontab(jobs, options)).toThrow(
      expect.objectContaining({ code: 'cron-line-too-long', exitCode: 2 }),
    );
  });
});

describe('the minutes that a job is later', () => {
  const day: Timing = { every: 'day', hour: 1, minute: 0, jitter: 120 };

  it('are the same each time, and differ between profiles and between jobs', () => {
    expect(offsetOf(day, 'production', 'doctor')).toBe(offsetOf(day, 'production', 'doctor'));
    const profiles = Array.from({ length: 50 }, (_, index) => offsetOf(day, `p${index}`, 'doctor'));
    expect(new Set(profiles).size).toBeGreaterThan(25);
    expect(offsetOf(day, 'production', 'doctor')).not.toBe(offsetOf(day, 'production', 'backup-run'));
  });

  it('stay within the jitter and the day, whatever the profile', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(23), fc.nat(59), fc.nat(1440), (profile, hour, minute, jitter) => {
        const late = offsetOf({ every: 'day', hour, minute, jitter }, profile, 'doctor');
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(jitter);
        expect(hour * 60 + minute + late).toBeLessThan(1440);
      }),
    );
  });
});

describeWith(['flock'], 'a line that is run by the shell, as cron does', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'postern-cron-')), `a 'b' "c" $HOME %d \\`);
    await mkdir(folder, { recursive: true });
    program = join(folder, 'postern');
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" > "$0.argv"\necho result\necho warning >&2\nexit "\${CODE:-0}"\n`;
    await writeFile(program, script, { mode: 0o755 });
    await writeFile(join(folder, 'env'), 'CODE=3\n');
  });
  afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

  const command = (environmentFile?: string): string => {
    const { jobs } = choose({
      only: ['doctor'],
      program: [program],
      configFile: join(folder, 'postern.yaml'),
      settings: { ping_url: '${file:/etc/ping}' },
    });
    const file = crontab(jobs, { ...options, lockFolder: folder, environmentFile });
    return jobLines(file.text)[0]?.command ?? '';
  };
  const run = (line: string) => {
    const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
    return { stdout, stderr, status };
  };

  it('hands every word on as it is, and mails warnings only when all is well', async () => {
    expect(run(command())).toEqual({ stdout: '', stderr: 'warning\n', status: 0 });
    expect((await readFile(`${program}.argv`, 'utf8')).split('\n')).toEqual([
      'doctor',
      '--config',
      join(folder, 'postern.yaml'),
      '--profile',
      'production',
      '--no-input',
      '--ping-url',
      '${file:/etc/ping}',
      '--quiet',
      '',
    ]);
  });

  it('mails the exit code and the result when it is not 0; the environment comes from its file', () => {
    expect(run(command(join(folder, 'env')))).toMatchObject({
      stdout: 'postern doctor (production) ended with 3\nresult\n',
      stderr: 'warning\n',
    });
  });

  it('says so when the environment file is not there, and runs nothing', () => {
    const { stdout, stderr } = run(command(join(folder, 'missing')));
    expect(stdout).toMatch(/^postern doctor \(production\) ended with [1-9]/);
    expect(stderr).toContain('missing');
  });

  it('does not run beside itself', async () => {
    const lock = join(folder, 'postern-production-doctor.lock');
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; read line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      await once(holder.stdout, 'data');
      expect(run(command()).stdout).toBe('postern doctor (production) ended with 11\n\n');
    } finally {
      holder.stdin.end();
      await once(holder, 'close');
    }
    expect(run(command()).stdout).toBe('');
  });
});
