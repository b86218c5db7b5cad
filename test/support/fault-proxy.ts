import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  connectThrough,
  type Direction,
  type ProxiedConnection,
  type ProxyFault,
} from './proxy-connection.ts';
import { concerns, type Trigger, type TriggerWatch, watchFor } from './proxy-trigger.ts';

export type { ProxiedConnection, ProxyFault } from './proxy-connection.ts';
export type { Trigger } from './proxy-trigger.ts';

/** A network between us and a server that breaks as told. */
export interface FaultProxy {
  readonly port: number;
  /** The same URL (`postgresql:` or `http:`), through the proxy. */
  url(serverUrl: string): string;
  /** The open connections, oldest first; only those whose `application_name` matches. */
  connections(application?: RegExp): readonly ProxiedConnection[];
  /** Arms a fault. */
  when(trigger: Trigger, fault: ProxyFault): ArmedFault;
  /** From now on new connections are refused, as by a server that is down; open ones stay. */
  refuse(): void;
  /** Takes new connections again. */
  accept(): Promise<void>;
  /** Resets what is open and ends. */
  stop(): Promise<void>;
}

export interface ArmedFault {
  /** Resolves when it first happens. Await it, so that a fault that never came does not pass for a survived one. */
  readonly fired: Promise<ProxiedConnection>;
  /** In how many connections it has happened. */
  readonly count: number;
  disarm(): void;
}

interface Armed {
  readonly trigger: Trigger;
  readonly fault: ProxyFault;
  readonly fire: (connection: ProxiedConnection) => void;
  readonly isSpent: () => boolean;
  /** Undefined: it has fired in this connection. */
  readonly watches: Map<ProxiedConnection, TriggerWatch | undefined>;
}

/** Listens on a free port of 127.0.0.1 and forwards to the host and port of the URL. */
export async function startFaultProxy(serverUrl: string): Promise<FaultProxy> {
  const { hostname, port: serverPort } = new URL(serverUrl);
  const open = new Set<ProxiedConnection>();
  const armed = new Set<Armed>();

  let isStopped = false;

  function join(client: Socket): void {
    // It had come before the end, and is told after it.
    if (isStopped) return void client.destroy();
    const server = connect({ host: hostname, port: Number(serverPort), allowHalfOpen: true });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // What goes wrong is seen by the loop that reads it.
      socket.on('error', () => {});
    }
    const connection = connectThrough(client, server, intercept);
    open.add(connection);
    void connection.closed.then(() => {
      open.delete(connection);
      for (const { watches } of armed) watches.delete(connection);
    });
  }

  function intercept(connection: ProxiedConnection, direction: Direction, next: Buffer) {
    const watching = [...armed].flatMap((one) => {
      const watch = watchOf(one, connection, direction);
      return watch === undefined ? [] : [{ one, watch, at: watch.find(next) }];
    });
    const [first] = watching
      .filter(({ at }) => at !== undefined)
      .toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
    const pass = first?.at ?? next.length;
    for (const { watch } of watching) watch.pass(next.subarray(0, pass));
    if (first === undefined) return undefined;
    const { one } = first;
    one.watches.set(connection, undefined);
    return {
      pass,
      act: () => {
        connection.apply(one.fault, direction);
        one.fire(connection);
      },
    };
  }

  let listener = await listen(0, join);
  const port = portOf(listener);
  return {
    port,
    url: (url) => throughPort(url, port),
    connections: (application = /(?:)/) =>
      [...open].filter((one) => one.isOpen && application.test(one.application ?? '')),
    when(trigger, fault) {
      const { promise, resolve } = Promise.withResolvers<ProxiedConnection>();
      const { times = 1 } = trigger;
      let count = 0;
      const one: Armed = {
        trigger,
        fault,
        watches: new Map(),
        isSpent: () => count >= times,
        fire: (connection) => {
          count += 1;
          resolve(connection);
        },
      };
      armed.add(one);
      return {
        fired: promise,
        get count() {
          return count;
        },
        disarm: () => void armed.delete(one),
      };
    },
    refuse: () => void listener.close(),
    async accept() {
      if (!listener.listening) listener = await listen(port, join);
    },
    async stop() {
      isStopped = true;
      const ended = listener.listening ? once(listener.close(), 'close') : undefined;
      const all = [...open];
      for (const connection of all) connection.apply('reset');
      await Promise.all([ended, ...all.map(({ closed }) => closed)]);
    },
  };
}

/** The watch of one fault over this direction of the connection, if it may still happen there. */
function watchOf(
  { trigger, watches, isSpent }: Armed,
  connection: ProxiedConnection,
  direction: Direction,
): TriggerWatch | undefined {
  if (trigger.direction !== direction || isSpent() || !concerns(trigger, connection)) return undefined;
  if (!watches.has(connection)) watches.set(connection, watchFor(trigger, connection.bytes[direction]));
  return watches.get(connection);
}

async function listen(port: number, onConnection: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function throughPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(port);
  return changed.toString();
}
