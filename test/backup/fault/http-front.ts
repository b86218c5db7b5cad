import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** What befalls one request on its way to the store. */
export type FrontFault =
  /** The store never sees it, and this is the answer. */
  | { readonly answer: number; readonly code: string }
  /** The store does it, and the connection breaks before the answer. */
  | 'lost answer'
  /** The store does it, and the connection ends in an orderly way, without an answer. */
  | 'closed'
  /** The store does it, and nobody ever answers. */
  | 'silence'
  /** The answer comes so many milliseconds late. */
  | { readonly late: number };

/** Which requests it befalls: so many of those that match, the first ones unless told. */
export interface FrontRule {
  readonly method: string;
  readonly path: RegExp;
  readonly fault: FrontFault;
  readonly from?: number;
  readonly times?: number;
}

/** A store behind a network and a load balancer that fail as told. */
export interface HttpFront {
  readonly endpoint: string;
  /** Forgets what was told before. */
  arm(...rules: readonly FrontRule[]): void;
  /** How many requests met a fault since then. */
  readonly fired: number;
  /** Refuses every request with a broken connection, once the next fault has come. */
  downAfterFault(): void;
  up(): void;
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards to the endpoint. */
export async function startHttpFront(endpoint: string): Promise<HttpFront> {
  let armed: { readonly rule: FrontRule; seen: number }[] = [];
  let fired = 0;
  let isDown = false;
  let isDownAfterFault = false;

  const faultOf = ({ method = '', url = '' }: IncomingMessage): FrontFault | undefined => {
    for (const one of armed) {
      const { rule } = one;
      if (rule.method !== method || !rule.path.test(url)) continue;
      one.seen += 1;
      const { from = 1, times = Number.POSITIVE_INFINITY } = rule;
      if (one.seen >= from && one.seen < from + times) return rule.fault;
    }
    return undefined;
  };

  const server = createServer((asked, answer) => {
    if (isDown) return void asked.socket.destroy();
    const fault = faultOf(asked);
    if (fault !== undefined) {
      fired += 1;
      isDown = isDownAfterFault;
    }
    if (typeof fault === 'object' && 'answer' in fault) return refuse(asked, answer, fault);
    forward(endpoint, asked, (theirs) => {
      if (fault === 'lost answer') asked.socket.destroy();
      else if (fault === 'closed') asked.socket.end();
      else if (fault === undefined) give(theirs, answer);
      else if (fault !== 'silence') setTimeout(() => give(theirs, answer), fault.late);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    arm(...rules) {
      armed = rules.map((rule) => ({ rule, seen: 0 }));
      fired = 0;
    },
    get fired() {
      return fired;
    },
    downAfterFault: () => {
      isDownAfterFault = true;
    },
    up: () => {
      isDown = false;
      isDownAfterFault = false;
    },
    async stop() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

function refuse(
  asked: IncomingMessage,
  answer: ServerResponse,
  { answer: status, code }: Extract<FrontFault, { answer: number }>,
): void {
  asked.resume();
  asked.once('end', () => {
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
    answer.writeHead(status, { 'content-type': 'application/xml' }).end(asked.method === 'HEAD' ? '' : body);
  });
}

function forward(endpoint: string, asked: IncomingMessage, then: (theirs: IncomingMessage) => void): void {
  const { hostname, port } = new URL(endpoint);
  const { method, url, headers } = asked;
  const onward = request({ hostname, port, method, path: url, headers }, then);
  onward.on('error', () => asked.socket.destroy());
  asked.pipe(onward);
}

function give(theirs: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(theirs.statusCode ?? 502, theirs.headers);
  theirs.pipe(answer);
}
