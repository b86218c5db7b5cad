import { answers, freePorts, startServerProcess, threeTimes } from './server-process.ts';

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
export function startMoto(path: string): Promise<Moto> {
  return threeTimes(() => startOnce(path));
}

async function startOnce(path: string): Promise<Moto> {
  const [port] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServerProcess({
    program: path,
    args: ['-H', '127.0.0.1', '-p', String(port)],
    // Small pages, so that a listing of some dozens of objects goes through pagination.
    env: { MOTO_S3_DEFAULT_MAX_KEYS: '20' },
    isReady: () => answers(`${endpoint}/moto-api/`),
  });
  return {
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    stop: () => server.stop(),
  };
}
