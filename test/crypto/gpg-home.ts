import { type StdioOptions, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface GpgResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A keyring of its own, so that no test sees the person's keys or another test's. */
export interface GpgHome {
  /** GNUPGHOME. */
  readonly folder: string;
  /** Runs gpg without a terminal; secret keys are asked for with the passphrase, empty when left out. */
  run(args: readonly string[], input?: string | Uint8Array, passphrase?: string): GpgResult;
  /** Runs gpg on a file with this input, the secret to be read at its file descriptor 3. */
  runWithSecret(args: readonly string[], secret: string, input: Uint8Array): GpgResult;
  /** As `run`, but a failure of gpg is a failure of the test. */
  must(args: readonly string[], input?: string | Uint8Array, passphrase?: string): Buffer;
  /** Writes a file into the home, which goes with it; answers its path. */
  file(name: string, content: string | Uint8Array): string;
  /** Stops the agent and removes everything. */
  close(): void;
}

/** The path is short because the agent's socket lies in it, and a socket's path has room for about 100 bytes. */
export function openGpgHome(gpg: string): GpgHome {
  const home = mkdtempSync(join(tmpdir(), 'pg-'));
  chmodSync(home, 0o700);
  const env = { ...process.env, GNUPGHOME: home, LC_ALL: 'C' };

  function spawn(args: readonly string[], stdio: StdioOptions, input: string | Uint8Array): GpgResult {
    const options = [
      '--batch',
      '--no-tty',
      '--yes',
      '--trust-model',
      'always',
      '--pinentry-mode',
      'loopback',
    ];
    const { status, stdout, stderr, error } = spawnSync(gpg, [...options, ...args], {
      env,
      input,
      stdio,
      maxBuffer: 1 << 28,
      timeout: 60_000,
    });
    if (error !== undefined) throw error;
    return { status, stdout, stderr: stderr.toString() };
  }

  function run(args: readonly string[], input: string | Uint8Array = '', passphrase = ''): GpgResult {
    return spawn(['--passphrase', passphrase, ...args], 'pipe', input);
  }

  function file(name: string, content: string | Uint8Array): string {
    const path = join(home, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  return {
    folder: home,
    run,
    must(args, input, passphrase) {
      const { status, stdout, stderr } = run(args, input, passphrase);
      if (status !== 0) throw new Error(`gpg ${args.join(' ')} ended with ${status}: ${stderr}`);
      return stdout;
    },
    runWithSecret(args, secret, input) {
      const descriptor = openSync(file('secret', secret), 'r');
      try {
        return spawn([...args, file('message', input)], ['pipe', 'pipe', 'pipe', descriptor], '');
      } finally {
        closeSync(descriptor);
      }
    },
    file,
    close() {
      spawnSync(join(dirname(gpg), 'gpgconf'), ['--kill', 'all'], { env });
      // The agent answers before it ends, and writes its random seed while it does.
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

export interface GpgKey {
  readonly fingerprint: string;
  readonly publicKey: Buffer;
  readonly secretKey: Buffer;
}

/** Makes a key in gpg: a primary key that signs and, where asked for, a subkey that encrypts. */
export function gpgKey(home: GpgHome, primary: string, subkey?: string, passphrase = ''): GpgKey {
  const uid = `${primary} ${subkey} <${randomBytes(6).toString('hex')}@example.org>`;
  home.must(['--quick-generate-key', uid, primary, 'sign,cert', '1d'], '', passphrase);
  const listing = home.must(['--list-keys', '--with-colons', `=${uid}`]).toString();
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '';
  if (subkey !== undefined) home.must(['--quick-add-key', fingerprint, subkey, 'encr', '1d'], '', passphrase);
  return {
    fingerprint,
    publicKey: home.must(['--export', fingerprint]),
    secretKey: home.must(['--export-secret-keys', '--armor', fingerprint], '', passphrase),
  };
}
