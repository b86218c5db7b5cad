import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { type CliResult, runCli, runScript } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

/** A folder with a configuration, a platform database with something in it, and an empty state database. */
export interface CliWorld {
  readonly folder: string;
  readonly platform: TestDatabase;
  readonly state: TestDatabase;
  run(...argv: readonly string[]): Promise<CliResult>;
  /** Runs what must succeed. */
  must(...argv: readonly string[]): Promise<CliResult>;
  file(name: string, content: string): Promise<string>;
  close(): Promise<void>;
}

const secret = (name: string): string => `\${file:secrets/${name}}`;

const profile = {
  platform: { url: secret('platform-url') },
  state: { url: secret('state-url') },
  stores: { offsite: { adapter: 'local', path: 'offsite', durability: 'fast' } },
  backup: {
    destinations: { offsite: { store: 'offsite', lock: { mode: 'governance', for: '35d' } } },
    recipients: ['keys/backup-operations.pub.asc', 'keys/backup-offline.pub.asc'],
    signer: { secret_key: 'keys/backup-signer.sec.asc' },
    trusted_signers: ['keys/backup-signer.pub.asc'],
    secret_keys: ['keys/backup-operations.sec.asc'],
    workers: 2,
  },
  certificates: {
    signer: { key: 'keys/certificate-signing.pem' },
    trust: ['keys/certificate-signing.pub.pem'],
  },
};

const strict = { ...profile, operator: { secret_key: 'alice.sec.asc' }, approvals: { default: 1 } };

export async function cliWorld(): Promise<CliWorld> {
  const [platform, state] = [await testDatabase(), await testDatabase()];
  await withConnection({ url: platform.url, role: 'test' }, (client) =>
    client.query(`
      create table person (id bigint generated always as identity primary key, name text not null);
      insert into person (name) select 'person ' || n from generate_series(1, 2000) n;
      create table mail (id bigint primary key, person bigint references person, body text);
      insert into mail select n, n, repeat('line ' || n, 20) from generate_series(1, 2000) n;
    `),
  );
  const folder = await mkdtemp(join(tmpdir(), 'postern-cli-'));
  await mkdir(join(folder, 'secrets'));
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  await file('secrets/platform-url', `${platform.url}\n`);
  await file('secrets/state-url', `${state.url}\n`);
  await file(
    'postern.yaml',
    stringify({ version: 1, default_profile: 'test', profiles: { test: profile, strict } }),
  );
  const run = (...argv: readonly string[]): Promise<CliResult> => runCli(argv, { cwd: folder });
  return {
    folder,
    platform,
    state,
    run,
    must: async (...argv) => {
      const result = await run(...argv);
      expect(result, `${argv.join(' ')}\n${result.stdout}${result.stderr}`).toMatchObject({ code: 0 });
      return result;
    },
    file,
    close: async () => {
      await rm(folder, { recursive: true, force: true });
      await platform.drop();
      await state.drop();
    },
  };
}

/** As `cliWorld`, with everything that a backup needs. */
export async function preparedWorld(): Promise<CliWorld> {
  const world = await cliWorld();
  await Promise.all([
    world.must('state', 'migrate'),
    world.must(
      'backup',
      'keys',
      'init',
      '--directory',
      'keys',
      '--email',
      'a@example.org',
      '--no-passphrase',
    ),
  ]);
  await world.must('certificate', 'keys', 'init', '--directory', 'keys');
  return world;
}

export interface Started {
  readonly pid: number;
  /** What has come so far. */
  stderr(): string;
  stdout(): string;
  /** Resolves once stderr holds the text. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts the command line and does not wait for it. */
export function start(argv: readonly string[], cwd: string): Started {
  const child = spawn(process.execPath, [runScript, ...argv], {
    cwd,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      POSTERN_SANDBOX_HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  return {
    pid: child.pid ?? 0,
    stderr: () => stderr,
    stdout: () => stdout,
    says: async (text) => {
      while (!stderr.includes(text)) await once(child.stderr, 'data');
    },
    signal: (name) => void child.kill(name),
    ended: once(child, 'close').then(([code, name]: (number | string | null)[]) => code ?? name ?? 'unknown'),
  };
}
