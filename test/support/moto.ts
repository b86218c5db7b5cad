import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running moto server: AWS in one process, on 127.0.0.1, empty at the start. */
export interface Moto {
  /** `http://127.0.0.1:PORT`, for the `endpoint` of every client. */
  readonly endpoint: string;
  readonly region: string;
  /** Any will do; moto checks none. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Ends the process and waits until it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts the `moto_server` at `path` (see `optionalTool('moto')`) and waits until it answers.
 * @throws {Error} with what it printed when it does not within 60 seconds
 */
export async function startMoto(path: string): Promise<Moto> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(path);
    } catch (error) {
      // Between our look for a free port and its bind, somebody else may have taken the port.
      if (attempt === 3) throw error;
    }
  }
}

async function startOnce(path: string): Promise<Moto> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn(path, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Small pages, so that a listing of some dozens of objects goes through pagination.
    env: { ...process.env, MOTO_S3_DEFAULT_MAX_KEYS: '20' },
  });
  const output = collectOutput(server);
  const stop = () => stopProcess(server);
  try {
    await untilReady(server, endpoint);
  } catch (error) {
    await stop();
    throw new Error(`moto_server did not start: ${output()}`, { cause: error });
  }
  return {
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    stop,
  };
}

async function untilReady(server: ChildProcess, endpoint: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
    const answer = await fetch(`${endpoint}/moto-api/`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    // The server tells nobody when it listens, so it has to be asked.
    await sleep(50);
  }
  throw new Error('it did not answer within 60 seconds');
}

async function stopProcess(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  const hard = setTimeout(() => server.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(hard);
}

function collectOutput(server: ChildProcess): () => string {
  const chunks: string[] = [];
  const keep = (chunk: Buffer) => {
    // Its request log would grow with every test.
    if (chunks.length < 100) chunks.push(chunk.toString());
  };
  server.stdout?.on('data', keep);
  server.stderr?.on('data', keep);
  server.on('error', (error) => chunks.push(error.message));
  return () => chunks.join('');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
