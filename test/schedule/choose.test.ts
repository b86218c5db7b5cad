import { describe, expect, it } from 'vitest';
import { jobNames, scheduleSettings } from '../../src/lib/config/schedule-settings.ts';
import { choose, everyCommand } from './support.ts';

const names = (chosen: ReturnType<typeof choose>): readonly string[] => chosen.jobs.map(({ name }) => name);

describe('what should run regularly', () => {
  it('is every job, where the commands and the profile are there for it', () => {
    const chosen = choose();
    expect(names(chosen)).toEqual(jobNames);
    expect(chosen.leftOut).toEqual([]);
  });

  it('is told profile and configuration, and its name where two jobs share a command', () => {
    const words = Object.fromEntries(choose().jobs.map(({ name, argv }) => [name, argv.join(' ')]));
    const common = '--config /etc/postern/postern.yaml --profile production --no-input';
    expect(words['backup-run']).toBe(`/usr/bin/postern backup run ${common}`);
    expect(words['backup-verify']).toBe(`/usr/bin/postern backup verify --level head ${common}`);
    expect(words['backup-verify-full']).toBe(
      `/usr/bin/postern backup verify --level full ${common} --job backup-verify-full`,
    );
    expect(words['backup-status']).toBe(`/usr/bin/postern backup status --max-age 8d ${common}`);
    expect(words['doctor']).toBe(`/usr/bin/postern doctor ${common}`);
  });

  it('leaves out what this postern cannot do, down to a flag and its value', () => {
    const commands = everyCommand
      .filter(({ id }) => id !== 'backup:drill')
      .map((command) =>
        command.id === 'backup:verify'
          ? { ...command, flags: { level: { options: ['list', 'full'] } } }
          : command.id === 'backup:prune'
            ? { ...command, flags: {} }
            : command,
      );
    expect(choose({ commands }).leftOut).toEqual([
      { job: 'backup-verify', why: 'its backup verify has no --level head' },
      { job: 'backup-drill', why: 'this postern has no backup drill' },
      { job: 'backup-prune', why: 'its backup prune has no --plan-only' },
    ]);
  });

  it('leaves out what the profile has nothing for', () => {
    expect(names(choose({ parts: {} }))).toEqual(['doctor']);
    expect(choose({ parts: {} }).leftOut).toContainEqual({
      job: 'audit-verify',
      why: 'the profile has no state',
    });
  });

  it('leaves the drill out on a host that cannot open what it writes', () => {
    const parts = { backup: {} } as unknown as Parameters<typeof choose>[0] & object;
    expect(choose({ parts: parts as never }).leftOut).toContainEqual({
      job: 'backup-drill',
      why: 'the profile has no backup.secret_keys',
    });
  });

  it('leaves out what the configuration switches off, and what was not asked for', () => {
    const settings = { jobs: { doctor: { enabled: false }, 'backup-run': { enabled: true } } };
    const chosen = choose({ settings, only: ['doctor', 'backup-run'] });
    expect(names(chosen)).toEqual(['backup-run']);
    expect(chosen.leftOut).toEqual([{ job: 'doctor', why: 'schedule.jobs.doctor is not enabled' }]);
  });

  it('is watched as asked for: a file of metrics each, its own ping URL or that of all', () => {
    const settings = {
      ping_url: '${file:/etc/ping}',
      jobs: { doctor: { ping_url: '${file:/etc/ping-doctor}' } },
    };
    const [run, doctor] = choose({ settings, prometheusFolder: '/m', only: ['doctor', 'backup-run'] }).jobs;
    expect(run?.argv.join(' ')).toContain(
      '--prometheus /m/postern-production-backup-run.prom --ping-url ${file:/etc/ping}',
    );
    expect(doctor?.argv.at(-1)).toBe('${file:/etc/ping-doctor}');
  });
});

describe('the time of a job', () => {
  const timing = (job: object) =>
    choose({ settings: { jobs: { 'backup-run': job } }, only: ['backup-run'] }).jobs[0]?.timing;

  it.each([
    [{}, { every: 'week', on: 'sunday', hour: 1, minute: 0, jitter: 120 }],
    [
      { on: 'friday', at: '22:15' },
      { every: 'week', on: 'friday', hour: 22, minute: 15, jitter: 120 },
    ],
    [{ every: 'day' }, { every: 'day', hour: 1, minute: 0, jitter: 120 }],
    [{ every: 'month' }, { every: 'month', on: 1, hour: 1, minute: 0, jitter: 120 }],
    [
      { every: 'month', on: 28 },
      { every: 'month', on: 28, hour: 1, minute: 0, jitter: 120 },
    ],
    [
      { every: 'hour', jitter: '10m' },
      { every: 'hour', hour: 1, minute: 0, jitter: 10 },
    ],
  ])('%j is its own with what the configuration says instead', (job, expected) => {
    expect(timing(job)).toEqual(expected);
  });

  it.each([
    { on: 3 },
    { every: 'day', on: 'monday' },
    { every: 'hour', on: 3 },
    { every: 'month', on: 'monday' },
  ])('%j does not fit together, and is refused', (job) => {
    expect(() => timing(job)).toThrow(expect.objectContaining({ code: 'schedule', exitCode: 2 }));
  });

  it.each([
    ['hour', '2h'],
    ['day', '28h'],
    ['week', '8d'],
    ['month', '851h'],
  ] as const)('of backups made every %s lets status wait %s', (every, maxAge) => {
    const settings = { jobs: { 'backup-run': { every, jitter: '10m' } } };
    expect(choose({ settings, only: ['backup-status'] }).jobs[0]?.argv).toContain(maxAge);
  });

  it('has more room where the jitter is long', () => {
    const settings = { jobs: { 'backup-run': { every: 'day', jitter: '8h' } } } as const;
    expect(choose({ settings, only: ['backup-status'] }).jobs[0]?.argv).toContain('40h');
  });
});

describe('the settings', () => {
  it.each([
    { jobs: { 'backup-runn': {} } },
    { jobs: { doctor: { at: '24:00' } } },
    { jobs: { doctor: { at: '7:00' } } },
    { jobs: { doctor: { on: 29 } } },
    { jobs: { doctor: { on: 'sun' } } },
    { jobs: { doctor: { jitter: '2d' } } },
    { jobs: { doctor: { jitter: 'a bit' } } },
    { ping_url: 'https://hc-ping.com/token' },
  ])('refuse %j', (value) => {
    expect(scheduleSettings.safeParse(value).success).toBe(false);
  });

  it('take what the document shows', () => {
    const value = {
      ping_url: '${file:secrets/ping-url}',
      jobs: { doctor: { every: 'hour', at: '00:15', jitter: '5m' }, 'backup-drill': { enabled: false } },
    };
    expect(scheduleSettings.parse(value)).toEqual(value);
  });
});
