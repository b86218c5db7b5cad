import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStartupPacket } from './startup-packet.ts';

export type Direction = 'to server' | 'to client';

/**
 * `reset`: both ends see a reset connection, and what is still on its way is lost. `close`: both ends see an orderly end. `half-close`: this direction ends
 * in an orderly way, the other goes on. `stall`: nothing more goes in this direction, until `resume`. `delay`: every
 * further piece takes this many milliseconds more. `flip`: the lowest bit of the byte `flip` bytes further on is turned.
 */
export type ProxyFault =
  | 'reset'
  | 'close'
  | 'half-close'
  | 'stall'
  | { readonly delay: number }
  | { readonly flip: number };

/** One connection through the proxy. */
export interface ProxiedConnection {
  /** The `application_name` of a PostgreSQL client; undefined before its start-up packet, and of other protocols. */
  readonly application: string | undefined;
  /** How much has gone through, in bytes. */
  readonly bytes: Readonly<Record<Direction, number>>;
  readonly isOpen: boolean;
  /** Resolves once both ends are closed. */
  readonly closed: Promise<void>;
  /** Does it now; to both directions unless told one. */
  apply(fault: ProxyFault, direction?: Direction): void;
  /** Lets go on what is stalled. */
  resume(): void;
}

/** Looks at the next bytes of a direction: how many pass before something happens, and what then. */
export type Interceptor = (
  connection: ProxiedConnection,
  direction: Direction,
  next: Buffer,
) => { readonly pass: number; readonly act: () => void } | undefined;

interface Flow {
  readonly direction: Direction;
  readonly source: Socket;
  readonly target: Socket;
  position: number;
  delay: number;
  /** Undefined while nothing is stalled. */
  stalled: PromiseWithResolvers<void> | undefined;
  isEnded: boolean;
  /** Positions of bytes to be turned. */
  readonly flips: Set<number>;
}

/** Forwards between two sockets (made with `allowHalfOpen`) until both are closed. */
export function connectThrough(client: Socket, server: Socket, intercept: Interceptor): ProxiedConnection {
  const flows = [flow('to server', client, server), flow('to client', server, client)] as const;
  const ends = [client, server];
  let startup = Buffer.alloc(0);
  let parameters: ReadonlyMap<string, string> | undefined;

  const resume = () => {
    for (const one of flows) {
      one.stalled?.resolve();
      one.stalled = undefined;
    }
  };
  const reset = () => {
    for (const end of ends) breakOff(end);
    resume();
  };
  const connection: ProxiedConnection = {
    get application() {
      return parameters?.get('application_name');
    },
    get bytes() {
      return { 'to server': flows[0].position, 'to client': flows[1].position };
    },
    get isOpen() {
      return !ends.every(({ destroyed }) => destroyed);
    },
    closed: Promise.all(ends.map(closed)).then(() => {}),
    resume,
    apply(fault, direction) {
      const concerned = flows.filter((one) => direction === undefined || one.direction === direction);
      if (fault === 'reset') reset();
      else if (fault === 'close') {
        for (const end of ends) end.destroySoon();
        resume();
      } else for (const one of concerned) impair(one, fault);
    },
  };

  async function pump(one: Flow): Promise<void> {
    for await (const chunk of one.source.iterator({ destroyOnReturn: false })) {
      let rest = chunk as Buffer;
      if (one.direction === 'to server' && parameters === undefined) {
        startup = Buffer.concat([startup, rest]);
        parameters = readStartupPacket(startup);
      }
      while (rest.length > 0) {
        const found = intercept(connection, one.direction, rest);
        await forward(one, rest.subarray(0, found?.pass ?? rest.length));
        found?.act();
        rest = rest.subarray(found?.pass ?? rest.length);
      }
    }
    await one.stalled?.promise;
    one.target.end();
  }

  // A connection that one end breaks is broken for the other, too.
  for (const one of flows) pump(one).catch(reset);
  return connection;
}

function flow(direction: Direction, source: Socket, target: Socket): Flow {
  return {
    direction,
    source,
    target,
    position: 0,
    delay: 0,
    stalled: undefined,
    isEnded: false,
    flips: new Set(),
  };
}

function impair(one: Flow, fault: Exclude<ProxyFault, 'reset' | 'close'>): void {
  if (fault === 'stall') one.stalled ??= Promise.withResolvers<void>();
  else if (fault === 'half-close') {
    one.isEnded = true;
    one.target.end();
  } else if ('delay' in fault) one.delay = fault.delay;
  else one.flips.add(one.position + fault.flip);
}

async function forward(one: Flow, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return;
  await one.stalled?.promise;
  if (one.delay > 0) await sleep(one.delay);
  // What is half-closed takes no more, and what was cut meanwhile neither.
  if (one.isEnded || one.target.destroyed || one.target.writableEnded) return;
  const sent = turned(bytes, one.position, one.flips);
  one.position += bytes.length;
  if (!one.target.write(sent)) await Promise.race([once(one.target, 'drain'), closed(one.target)]);
}

function turned(bytes: Buffer, begin: number, flips: ReadonlySet<number>): Buffer {
  const inside = [...flips].map((at) => at - begin).filter((at) => at >= 0 && at < bytes.length);
  if (inside.length === 0) return bytes;
  const changed = Buffer.from(bytes);
  for (const at of inside) changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

/** libuv refuses to reset a connection whose end is just being sent, and Node then never closes it. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => void socket.once('close', () => resolve()));
}
