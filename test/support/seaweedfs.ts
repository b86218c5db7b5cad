import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, freePorts, startServerProcess, threeTimes } from './server-process.ts';

/** An access key of the store. */
export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A user of the store, who may do what an IAM policy says. */
export interface S3Identity {
  readonly key: S3Key;
  /** As JSON; a document of IAM's, with allows, denies and conditions. */
  readonly policy: object;
}

/**
 * A running SeaweedFS on 127.0.0.1, empty at the start: an S3 store with versions, object lock and conditional writes
 * that checks signatures and permissions, which moto does not.
 */
export interface SeaweedFs {
  /** `http://127.0.0.1:PORT`, for the `endpoint` of every client; buckets stand in the path. */
  readonly endpoint: string;
  readonly region: string;
  /** May do everything. */
  readonly credentials: S3Key;
  /** Ends the process, waits until it has ended, and removes its data. */
  stop(): Promise<void>;
}

const administrator: S3Key = { accessKeyId: 'administrator', secretAccessKey: 'administrator-secret' };

/**
 * Starts the `weed` at `path` (see `optionalTool('seaweedfs')`) and waits until objects can be stored: two seconds.
 * @param identities who may use the store beside its administrator
 * @throws {Error} with what it printed when it does not within 60 seconds
 */
export function startSeaweedFs(path: string, identities: readonly S3Identity[] = []): Promise<SeaweedFs> {
  return threeTimes(() => startOnce(path, identities));
}

async function startOnce(path: string, identities: readonly S3Identity[]): Promise<SeaweedFs> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-seaweedfs-'));
  const ports = await freePorts(8);
  const clean = () => removeTraces(folder, ports);
  const [s3, , master] = ports;
  const endpoint = `http://127.0.0.1:${s3}`;
  await writeFile(join(folder, 's3.json'), JSON.stringify(configuration(identities)), { mode: 0o600 });
  try {
    const server = await startServerProcess({
      program: path,
      args: ['-logtostderr=true', 'server', ...flags(folder, ports)],
      isReady: async () =>
        (await answers(`${endpoint}/healthz`)) && answers(`http://127.0.0.1:${master}/dir/assign`),
    });
    return {
      endpoint,
      region: 'us-east-1',
      credentials: administrator,
      async stop() {
        // Asked to end, it waits for minutes; its data are thrown away.
        await server.kill();
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

/** One process with all that an S3 store needs, and nothing that calls home or listens elsewhere. */
function flags(folder: string, ports: readonly number[]): readonly string[] {
  const [s3, s3Grpc, master, masterGrpc, volume, volumeGrpc, filer, filerGrpc] = ports;
  return [
    `-dir=${folder}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    `-master.port=${master}`,
    `-master.port.grpc=${masterGrpc}`,
    '-master.peers=none',
    '-master.telemetry=false',
    '-master.volumeSizeLimitMB=64',
    `-volume.port=${volume}`,
    `-volume.port.grpc=${volumeGrpc}`,
    '-volume.max=100',
    '-filer',
    `-filer.port=${filer}`,
    `-filer.port.grpc=${filerGrpc}`,
    `-filer.localSocket=${join(folder, 'filer.sock')}`,
    '-s3',
    `-s3.port=${s3}`,
    `-s3.port.grpc=${s3Grpc}`,
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-s3.iam=false',
    '-s3.autoCreateBucket=false',
    `-s3.config=${join(folder, 's3.json')}`,
    `-s3.localSocket=${join(folder, 's3.sock')}`,
  ];
}

function configuration(identities: readonly S3Identity[]) {
  const credentials = ({ accessKeyId, secretAccessKey }: S3Key) => [
    { accessKey: accessKeyId, secretKey: secretAccessKey },
  ];
  return {
    identities: [
      { name: 'administrator', credentials: credentials(administrator), actions: ['Admin'] },
      ...identities.map(({ key }) => ({
        name: key.accessKeyId,
        credentials: credentials(key),
        policyNames: [key.accessKeyId],
      })),
    ],
    policies: identities.map(({ key, policy }) => ({
      name: key.accessKeyId,
      content: JSON.stringify(policy),
    })),
  };
}

/** The sockets lie in /tmp whatever the server is told, and outlive it. */
async function removeTraces(folder: string, ports: readonly number[]): Promise<void> {
  const sockets = ports.flatMap((port) =>
    ['master', 'volume', 'filer', 's3'].map((part) => `/tmp/seaweedfs-${part}-grpc-${port}.sock`),
  );
  await Promise.all(sockets.map((socket) => rm(socket, { force: true })));
  await rm(folder, { recursive: true, force: true });
}
