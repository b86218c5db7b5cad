import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What the server does with one request; an answer that is not ended leaves the client waiting. */
export type Fault = (request: SeenRequest, response: ServerResponse) => void;

/** A store that misbehaves as told. */
export interface FaultServer {
  readonly endpoint: string;
  readonly seen: readonly SeenRequest[];
  /** Answers the next requests, one each; the last one answers all that follow. Forgets what was seen. */
  script(...faults: readonly Fault[]): void;
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startFaultServer(): Promise<FaultServer> {
  let seen: SeenRequest[] = [];
  let faults: readonly Fault[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks) };
      seen.push(one);
      const fault = faults[Math.min(seen.length, faults.length) - 1];
      if (fault === undefined) response.writeHead(500).end('nothing scripted');
      else fault(one, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    get seen() {
      return seen;
    },
    script(...next) {
      seen = [];
      faults = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An answer with status, headers and body. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Fault {
  return (_, response) => {
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers }).end(body);
  };
}

/** An S3 error document. */
export function s3ErrorAnswer(status: number, code: string, message = code): Fault {
  return (request, response) => {
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(request.method === 'HEAD' ? '' : body);
  };
}

/** Announces the whole body, sends the first `bytes` of it and breaks the connection. */
export function halfAnswer(headers: Readonly<Record<string, string>>, body: Buffer, bytes: number): Fault {
  return (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': String(body.length) });
    response.write(body.subarray(0, bytes), () => response.socket?.destroy());
  };
}

/** Takes the request and breaks the connection without an answer. */
export const lostAnswer: Fault = (_, response) => void response.socket?.destroy();

/** Takes the request and stays silent. */
export const noAnswer: Fault = () => {};

/** Takes the request and ends the connection in an orderly way, without an answer. */
export const closedAnswer: Fault = (_, response) => void response.socket?.end();

/** Announces the whole body, sends the first `bytes` of it and ends the connection in an orderly way. */
export function halfClosedAnswer(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  bytes: number,
): Fault {
  return (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': String(body.length) });
    response.write(body.subarray(0, bytes), () => response.socket?.end());
  };
}

/** Sends the body in so many pieces, one every so many milliseconds. */
export function slowAnswer(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  { pieces, every }: { readonly pieces: number; readonly every: number },
): Fault {
  return (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': String(body.length) });
    const size = Math.ceil(body.length / pieces);
    let start = 0;
    const next = () => {
      if (response.destroyed) return;
      response.write(body.subarray(start, start + size));
      start += size;
      if (start >= body.length) response.end();
      else setTimeout(next, every);
    };
    next();
  };
}
