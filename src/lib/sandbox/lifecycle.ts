import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refused, usageError } from '../base/error.ts';
import type { Progress } from '../base/progress.ts';
import { withFileLock } from '../cloud/local/file-lock.ts';
import { createSandbox, requireMarker } from './create.ts';
import { readManifest, type SandboxManifest, writeManifest } from './manifest.ts';
import { runningPostmaster, stopPostmaster } from './postmaster.ts';
import { updatePort } from './sandbox-config.ts';
import type { SandboxPaths } from './sandbox-paths.ts';
import { defaultMessages } from './scale.ts';
import { type EmbeddedServer, startEmbeddedServer } from './server.ts';

interface UpOptions {
  /** Messages; of a new sandbox 1,000 unless told. */
  readonly messages?: number;
  /** Of a new sandbox 1 unless told. */
  readonly seed?: number;
  readonly port?: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

interface UpResult {
  readonly outcome: 'created' | 'started' | 'already-up';
  readonly manifest: SandboxManifest;
  readonly server: EmbeddedServer;
}

const runSettings = { max_wal_size: '2GB', shared_buffers: '128MB' };

/**
 * Makes the sandbox if there is none or a half-made one, starts its server if it is down, and says what it found. The
 * server outlives this process.
 * @throws {PosternError} exit 2 `sandbox-differs`, `port-taken`, `port-differs`; exit 6 `sandbox-folder-taken`;
 * exit 11 `file-locked`
 */
export async function upSandbox(paths: SandboxPaths, options: UpOptions): Promise<UpResult> {
  return withLock(paths, async () => {
    const existing = await readManifest(paths);
    if (existing !== undefined) return startExisting(paths, existing, options);
    const { messages = defaultMessages, seed = 1, port, progress, signal } = options;
    const rows = await createSandbox(paths, { messages, seed, port, progress, signal });
    const server = await startOnPort(paths, port);
    await updatePort(paths, server.port);
    const manifest: SandboxManifest = { version: 1, seed, messages, port: server.port, rows };
    await writeManifest(paths, manifest);
    return { outcome: 'created', manifest, server };
  });
}

/** One process at a time changes a sandbox. */
async function withLock<T>({ folder }: SandboxPaths, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  return withFileLock(folder, work, 1_000);
}

async function startExisting(
  paths: SandboxPaths,
  manifest: SandboxManifest,
  options: UpOptions,
): Promise<UpResult> {
  checkSame(paths, manifest, options);
  const wasRunning = (await runningPostmaster(paths.dataDirectory)) !== undefined;
  const server = await startOnPort(paths, options.port, manifest.port);
  await updatePort(paths, server.port);
  if (server.port !== manifest.port) await writeManifest(paths, { ...manifest, port: server.port });
  return {
    outcome: wasRunning ? 'already-up' : 'started',
    manifest: { ...manifest, port: server.port },
    server,
  };
}

/** A port that was asked for must be free; one that was only used before may have been taken since. */
async function startOnPort(
  paths: SandboxPaths,
  asked: number | undefined,
  previous?: number,
): Promise<EmbeddedServer> {
  const start = (port: number | undefined): Promise<EmbeddedServer> =>
    startEmbeddedServer({
      dataDirectory: paths.dataDirectory,
      settings: runSettings,
      ...(port !== undefined && { port }),
    });
  if (asked !== undefined || previous === undefined) return start(asked);
  const running = await runningPostmaster(paths.dataDirectory);
  if (running !== undefined) return start(undefined);
  try {
    return await start(previous);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'port-taken') return start(undefined);
    throw error;
  }
}

function checkSame({ name }: SandboxPaths, manifest: SandboxManifest, { messages, seed }: UpOptions): void {
  const isSame =
    (messages ?? manifest.messages) === manifest.messages && (seed ?? manifest.seed) === manifest.seed;
  if (isSame) return;
  throw usageError(`the sandbox ${name} has ${manifest.messages} messages from seed ${manifest.seed}`, {
    code: 'sandbox-differs',
    hints: ['`postern sandbox reset` removes it; or make another beside it with --name'],
  });
}

/** Stops this sandbox's server, and no other. @returns whether it ran */
export async function downSandbox(paths: SandboxPaths): Promise<{ readonly stopped: boolean }> {
  return withLock(paths, async () => ({ stopped: await stopPostmaster(paths.dataDirectory) }));
}

/** Stops the server and removes everything that the sandbox consists of. @throws {PosternError} exit 6 */
export async function resetSandbox(paths: SandboxPaths): Promise<void> {
  await withLock(paths, async () => {
    await requireMarker(paths);
    await stopPostmaster(paths.dataDirectory);
    await rm(paths.folder, { recursive: true, force: true });
  });
}

interface SandboxStatus {
  readonly state: 'absent' | 'incomplete' | 'stopped' | 'up';
  readonly pid: number | undefined;
  readonly port: number | undefined;
  readonly manifest: SandboxManifest | undefined;
}

/** What there is, without changing it. */
export async function sandboxStatus(paths: SandboxPaths): Promise<SandboxStatus> {
  const manifest = await readManifest(paths);
  const running = await runningPostmaster(paths.dataDirectory);
  if (manifest !== undefined) {
    return {
      state: running === undefined ? 'stopped' : 'up',
      pid: running?.pid,
      port: running?.port,
      manifest,
    };
  }
  const isAbsent = await requireMarker(paths).then(
    () => false,
    () => true,
  );
  return {
    state: isAbsent ? 'absent' : 'incomplete',
    pid: running?.pid,
    port: running?.port,
    manifest: undefined,
  };
}

/** The manifest of a sandbox that must be up. @throws {PosternError} exit 6, `code` `sandbox-not-up` */
export async function requireUp(paths: SandboxPaths): Promise<SandboxManifest> {
  const { state, manifest } = await sandboxStatus(paths);
  if (state === 'up' && manifest !== undefined) return manifest;
  throw refused(`the sandbox ${paths.name} is not up`, {
    code: 'sandbox-not-up',
    hints: ['start it with `postern sandbox up`'],
  });
}
