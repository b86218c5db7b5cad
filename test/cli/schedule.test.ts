import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot, runCli } from '../support/cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-schedule-'));
  const state = "state: {url: '${file:state-url}'}";
  const stores = 'stores: {offsite: {adapter: local, path: off-site}}';
  await writeFile(
    join(folder, 'postern.yaml'),
    `version: 1\nprofiles:\n  staging:\n    ${state}\n    ${stores}\n`,
  );
  await writeFile(join(folder, 'bare.yaml'), 'version: 1\nprofiles:\n  staging: {}\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const print = (...flags: readonly string[]) => runCli(['schedule', 'print', ...flags], { cwd: folder });

describe('postern schedule print', () => {
  it('prints units that start the postern that printed them, and says what it left out', async () => {
    const { stdout, stderr, code } = await print();
    expect(code).toBe(0);
    expect(stdout).toContain('# /etc/systemd/system/postern-staging-audit-verify.timer\n');
    const command = `${process.execPath} ${join(projectRoot, 'bin/run.js')} doctor --config ${folder}/postern.yaml`;
    expect(stdout).toContain(`ExecStart=${command} --profile staging --no-input\n`);
    expect(stdout).toContain(`ReadWritePaths="-${folder}/off-site"\n`);
    expect(stdout).toContain('User=postern\n');
    expect(stderr).toContain('left out: backup-run: the profile has no backup\n');
    expect(stdout).not.toContain('backup');
  });

  it('prints a crontab, only of what is asked for', async () => {
    const { stdout, stderr, code } = await print(
      '--format=cron',
      '--user=mail',
      '--job=doctor',
      '--program=/opt/bin/postern',
      '--prometheus-dir=/metrics',
      '--lock-dir=/locks',
      '--environment-file=/etc/env',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^\d.*$/gm)).toEqual([
      expect.stringMatching(
        /^\d+ 6 \* \* \* mail out=\$\(set -a && \. \/etc\/env && set \+a && exec flock -n -E 11 \/locks\/postern-staging-doctor\.lock \/opt\/bin\/postern doctor .*--prometheus \/metrics\/postern-staging-doctor\.prom --quiet\) \|\| printf /,
      ),
    ]);
  });

  it('tells the same as JSON', async () => {
    const { result } = (await print('--json', '--job', 'doctor', '--job', 'backup-run')).json();
    expect(result).toMatchObject({
      profile: 'staging',
      format: 'systemd',
      jobs: [{ job: 'doctor', when: '*-*-* 06:00:00', jitterMinutes: 60 }],
      leftOut: [{ job: 'backup-run', why: 'the profile has no backup' }],
    });
    expect(result.files).toHaveLength(2);
  });

  it('refuses a job that it does not know', async () => {
    const { stderr, code } = await print('--job', 'make-coffee');
    expect(code).toBe(2);
    expect(stderr).toContain('--job must be one of backup-run, ');
  });

  it('warns of a part that stands in another file, since the jobs are told one file only', async () => {
    const env = { XDG_CONFIG_HOME: join(folder, 'home') };
    await mkdir(join(folder, 'home/postern'), { recursive: true });
    await mkdir(join(folder, 'here'), { recursive: true });
    await copyFile(join(folder, 'postern.yaml'), join(folder, 'home/postern/postern.yaml'));
    await copyFile(join(folder, 'bare.yaml'), join(folder, 'here/postern.yaml'));
    const { stderr, code } = await runCli(['schedule', 'print'], { cwd: join(folder, 'here'), env });
    expect(code).toBe(0);
    expect(stderr).toContain(
      `state does not come from ${folder}/here/postern.yaml, and the jobs read no other file`,
    );
  });

  it('takes the times of the configuration, and makes the paths of its secrets absolute', async () => {
    await writeFile(
      join(folder, 'own.yaml'),
      `version: 1
profiles:
  staging:
    state: {url: '\${file:state-url}'}
    schedule:
      ping_url: '\${file:secrets/ping}'
      jobs:
        audit-verify: {every: week, on: friday, at: '06:15', jitter: 5m, ping_url: '\${env:AUDIT_PING}'}
        backup-run: {enabled: false}
`,
    );
    const { result } = (await print('--config', 'own.yaml', '--json')).json();
    expect(result.leftOut).toContainEqual({
      job: 'backup-run',
      why: 'schedule.jobs.backup-run is not enabled',
    });
    const [, , , audit, doctor] = result.jobs;
    expect(audit).toMatchObject({ job: 'audit-verify', when: 'Fri *-*-* 06:15:00', jitterMinutes: 5 });
    expect(audit.argv.slice(-2)).toEqual(['--ping-url', '${env:AUDIT_PING}']);
    expect(doctor.argv.slice(-2)).toEqual(['--ping-url', `\${file:${folder}/secrets/ping}`]);
  });
});
