import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askServer } from '../../src/lib/key/dns/ask.ts';
import type { ServerAddress } from '../../src/lib/key/dns/exchange.ts';
import { freePorts, type ServerProcess, startServerProcess, threeTimes } from './server-process.ts';

/**
 * A small internet: a root that delegates `test` and `example.test`, two authoritative servers of `example.test`, and
 * a resolver that starts at that root and remembers what it hears. Each is a process of its own on an address of the
 * loopback network, all on one port. The resolver is BIND, which asks others on the port that it serves itself, but
 * listens only where an interface has the address; the others are Knot DNS.
 */
export interface DnsWorld {
  readonly resolver: ServerAddress;
  /** Of the zones above. */
  readonly root: ServerAddress;
  readonly first: ServerAddress;
  readonly second: ServerAddress;
  /** What `nsupdate -k` takes; both servers of the zone obey it. */
  readonly keyFile: string;
  /** Changes the zone on the servers named, on both unless told: lines as in nsupdate, without server, zone and send. */
  update(lines: readonly string[], servers?: readonly ServerAddress[]): Promise<void>;
  /** Stops one of the zone's servers, for good. */
  silence(server: ServerAddress): Promise<void>;
  stop(): Promise<void>;
}

/** How long "no" is remembered, in seconds: the zone's SOA minimum. */
export const negativeTtl = 2;

export interface DnsPrograms {
  readonly knotd: string;
  readonly named: string;
  readonly nsupdate: string;
}

/** @throws {Error} with what a server printed when it does not start */
export function startDnsWorld(programs: DnsPrograms): Promise<DnsWorld> {
  return threeTimes(() => startOnce(programs));
}

const secret = Buffer.from('a secret of the tests alone').toString('base64');
const tsig = `key "update-key" { algorithm hmac-sha256; secret "${secret}"; };`;

const soa = (minimum: number): string => `@ 60 IN SOA ns1 hostmaster 1 3600 600 86400 ${minimum}\n`;
const zoneText = [
  soa(negativeTtl),
  '@ 0 IN NS ns1\n@ 0 IN NS ns2\nns1 60 IN A 127.0.0.3\nns2 60 IN A 127.0.0.4\n',
].join('');
const rootText = `. 60 IN SOA a.root. hostmaster.root. 1 3600 600 86400 1
. 60 IN NS a.root.
a.root. 60 IN A 127.0.0.2
test. 60 IN NS a.root.
`;
const testText = `@ 60 IN SOA a.root. hostmaster.root. 1 3600 600 86400 1
@ 60 IN NS a.root.
example 60 IN NS ns1.example
example 60 IN NS ns2.example
ns1.example 60 IN A 127.0.0.3
ns2.example 60 IN A 127.0.0.4
`;
const hints = '. 60 IN NS a.root.\na.root. 60 IN A 127.0.0.2\n';

async function startOnce(programs: DnsPrograms): Promise<DnsWorld> {
  const [port = 0] = await freePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'postern-dns-'));
  const at = (address: string): ServerAddress => ({ address, port });
  const [resolver, root, first, second] = [
    at('127.0.0.1'),
    at('127.0.0.2'),
    at('127.0.0.3'),
    at('127.0.0.4'),
  ];
  const servers = [resolver, root, first, second];
  const started = await Promise.allSettled([
    startResolver(programs.named, join(folder, 'resolver'), resolver),
    startKnot(programs.knotd, join(folder, 'root'), root, { '.': rootText, test: testText }),
    startKnot(programs.knotd, join(folder, 'first'), first, { 'example.test': zoneText }),
    startKnot(programs.knotd, join(folder, 'second'), second, { 'example.test': zoneText }),
  ]);
  const running = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') {
    await stop();
    throw failed.reason;
  }
  const keyFile = join(folder, 'update.key');
  await writeFile(keyFile, tsig, { mode: 0o600 });
  return {
    resolver,
    root,
    first,
    second,
    keyFile,
    stop,
    update: async (lines, changed = [first, second]) => {
      for (const server of changed) {
        const script = join(folder, `script-${server.address}`);
        await writeFile(
          script,
          [`server ${server.address} ${port}`, 'zone example.test.', ...lines, 'send', ''].join('\n'),
        );
        await promisify(execFile)(programs.nsupdate, ['-k', keyFile, script]);
      }
    },
    silence: async ({ address }) => {
      await running[servers.findIndex((server) => server.address === address)]?.kill();
    },
  };
}

async function startResolver(program: string, folder: string, server: ServerAddress): Promise<ServerProcess> {
  const config = `options {
  directory "${folder}"; pid-file none; lock-file none; session-keyfile "${folder}/session.key";
  listen-on port ${server.port} { ${server.address}; }; listen-on-v6 { none; };
  port ${server.port}; query-source address ${server.address}; dnssec-validation no;
};
controls { };
zone "." { type hint; file "hints"; };
`;
  await writeFiles(folder, { hints, 'named.conf': config });
  return startServerProcess({
    program,
    args: ['-4', '-f', '-g', '-n', '1', '-c', join(folder, 'named.conf')],
    isReady: () => isServing(server, 'localhost'),
  });
}

async function startKnot(
  program: string,
  folder: string,
  server: ServerAddress,
  zones: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const config = `server:
  listen: ${server.address}@${server.port}
  rundir: ${folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}/db
  journal-db-max-size: 20M
  kasp-db-max-size: 20M
log:
  - target: stderr
    any: warning
key:
  - id: update-key
    algorithm: hmac-sha256
    secret: ${secret}
acl:
  - id: update
    key: update-key
    action: update
zone:
${Object.keys(zones)
  .map(
    (name) =>
      `  - domain: ${name}\n    file: ${folder}/zone-${name}\n    acl: update\n    journal-content: none\n`,
  )
  .join('')}`;
  const files = Object.fromEntries(Object.entries(zones).map(([name, text]) => [`zone-${name}`, text]));
  await writeFiles(folder, { ...files, 'knot.conf': config });
  return startServerProcess({
    program,
    args: ['-c', join(folder, 'knot.conf')],
    isReady: () => isServing(server, Object.keys(zones)[0] ?? '.'),
  });
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, 'db'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function isServing(server: ServerAddress, name: string): Promise<boolean> {
  const question = { name, type: 'SOA', recursion: 'not desired' } as const;
  const reply = await askServer(server, question, { timeout: 200, signal: AbortSignal.timeout(1000) });
  return reply.outcome === 'answered' && reply.rcode !== 'SERVFAIL';
}
