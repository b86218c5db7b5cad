import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server of somebody else's, run as a child process for the tests. */
export interface ServerProcess {
  /** Asks it to end, kills it after five seconds, and waits until it has ended. */
  stop(): Promise<void>;
  /** Ends it at once, as a power cut would, and waits until it has ended. */
  kill(): Promise<void>;
}

export interface ServerProcessOptions {
  /** The program's absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it serves; asked again and again, because such servers tell nobody when they listen. */
  readonly isReady: () => Promise<boolean>;
}

/**
 * Starts a server and waits until it is ready.
 * @throws {Error} with what it printed when it ends before, or is not ready within 60 seconds
 */
export async function startServerProcess({
  program,
  args,
  env,
  isReady,
}: ServerProcessOptions): Promise<ServerProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const output = collectOutput(child);
  try {
    await untilReady(child, isReady);
  } catch (error) {
    await end(child, 'SIGTERM');
    throw new Error(`${program} did not start: ${output()}`, { cause: error });
  }
  return { stop: () => end(child, 'SIGTERM'), kill: () => end(child, 'SIGKILL') };
}

/** Runs `start` again when it fails: between our look for free ports and the server's bind, another may take one. */
export async function threeTimes<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** As many different ports of 127.0.0.1 as asked for, free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(probes.map(portOf));
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')));
  return ports;
}

/** Whether a GET of the URL is answered with 2xx. */
export async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

async function portOf(server: Server): Promise<number> {
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilReady(child: ChildProcess, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (await isReady()) return;
    await sleep(50);
  }
  throw new Error('it was not ready within 60 seconds');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const hard = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(hard);
}

function collectOutput(child: ChildProcess): () => string {
  const chunks: string[] = [];
  const keep = (chunk: Buffer) => {
    // Its request log would grow with every test.
    if (chunks.length < 100) chunks.push(chunk.toString());
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => chunks.push(error.message));
  return () => chunks.join('');
}
