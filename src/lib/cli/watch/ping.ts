import { usageError } from '../../base/error.ts';

export interface PingOptions {
  /** Milliseconds for one attempt; 10 s unless told. */
  readonly timeout?: number;
  /** Milliseconds before the second attempt; 1 s unless told. */
  readonly pause?: number;
  /** Gives up at once. */
  readonly signal?: AbortSignal;
}

/**
 * The URL to ping. It carries a token, so no message quotes it.
 * @throws {PosternError} exit 2: no URL, not http(s), a user name or password in it
 */
export function parsePingUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    throw usageError('the ping URL is no https URL', { code: 'ping-url' });
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError('the ping URL holds a user name or a password, which is not supported', {
      code: 'ping-url',
    });
  }
  return url;
}

/** Whether whoever listens on the way could read the token. */
export function isReadableOnTheWay({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * Tells a dead man's switch that a job has started or how it ended, in the manner of healthchecks.io: POST to
 * `URL/start`, to `URL` for exit code 0, to `URL/CODE` for any other. A second attempt follows where one may help.
 * @returns why it did not get through, without the URL; undefined when it did. Never throws.
 */
export async function ping(
  url: URL,
  event: 'start' | number,
  body: string,
  { timeout = 10_000, pause = 1000, signal = new AbortController().signal }: PingOptions = {},
): Promise<string | undefined> {
  const target = new URL(url);
  if (event !== 0) target.pathname = `${url.pathname.replace(/\/+$/, '')}/${event}`;
  const first = await attempt(target, body, timeout, signal);
  if (first === undefined || !first.mayHelpAgain || signal.aborted) return first?.why;
  await untilPauseIsOver(pause, signal);
  return (await attempt(target, body, timeout, signal))?.why;
}

interface Miss {
  readonly why: string;
  readonly mayHelpAgain: boolean;
}

async function attempt(
  target: URL,
  body: string,
  timeout: number,
  signal: AbortSignal,
): Promise<Miss | undefined> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'user-agent': 'postern' },
      // The next host would be handed the token.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const mayHelpAgain = response.status >= 500 || response.status === 429;
    return { why: `it answered ${response.status}`, mayHelpAgain };
  } catch (error) {
    return { why: problem(error, timeout), mayHelpAgain: true };
  }
}

/** In our words: fetch's own quote the URL. */
function problem(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return 'it could not be sent';
  if (error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`;
  if (error.name === 'AbortError') return 'interrupted';
  const cause = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : '';
  return (
    known[cause] ?? (/^[A-Z_]+$/.test(cause) ? `it could not be sent (${cause})` : 'it could not be sent')
  );
}

const known: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
};

function untilPauseIsOver(pause: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, pause);
    signal.addEventListener('abort', done);
  });
}
