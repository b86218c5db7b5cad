// A thread with a connection of its own. It answers one job at a time; see jobs.ts for what it can do.
import { parentPort, workerData } from 'node:worker_threads';
import { PosternError } from '../../base/error.ts';
import type { FromWorker, JobName, Jobs, SealedPart, ToWorker, WorkerError, WorkerSettings } from './jobs.ts';
import { loadPart } from './load-part.ts';
import { inspectFile, sumKeyring, sumTable } from './read-rows.ts';
import { sealBytes } from './seal-bytes.ts';
import { sealKeyring, sealTable } from './seal-rows.ts';
import { openSession, type WorkerSession } from './session.ts';

const port = parentPort;
if (port === null) throw new Error('this module is a worker thread');

const storedWaiters: (() => void)[] = [];

/** What a job may say while it runs. */
export interface JobChannel {
  progress(bytes: number): void;
  /** Sends a part; resolves once the main thread has stored it. */
  sendPart(part: SealedPart): Promise<void>;
}

function channel(id: number): JobChannel {
  return {
    progress: (bytes) => post({ type: 'progress', id, bytes }),
    sendPart: (part) =>
      new Promise((resolve) => {
        storedWaiters.push(resolve);
        post({ type: 'part', id, part }, [part.bytes]);
      }),
  };
}

async function runJob(
  session: WorkerSession,
  job: JobName,
  input: unknown,
  jobChannel: JobChannel,
): Promise<Jobs[JobName]['output']> {
  if (job === 'seal') return sealTable(session, input as Jobs['seal']['input'], jobChannel);
  if (job === 'seal-keyring') return sealKeyring(session, input as Jobs['seal-keyring']['input'], jobChannel);
  if (job === 'seal-bytes') return sealBytes(session, input as Jobs['seal-bytes']['input'], jobChannel);
  if (job === 'sum-keyring') return sumKeyring(session, input as Jobs['sum-keyring']['input'], jobChannel);
  if (job === 'load') return loadPart(session, input as Jobs['load']['input'], jobChannel);
  if (job === 'sum') return sumTable(session, input as Jobs['sum']['input'], jobChannel);
  return inspectFile(input as Jobs['inspect']['input'], jobChannel);
}

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, [...transfer]);
}

function flatten(error: unknown): WorkerError {
  const isOurs = error instanceof PosternError;
  return {
    exitCode: isOurs ? error.exitCode : undefined,
    message: error instanceof Error ? error.message : String(error),
    code: isOurs ? error.code : undefined,
    hints: isOurs ? error.hints : [],
    stack: error instanceof Error ? error.stack : undefined,
  };
}

try {
  const session = await openSession(workerData as WorkerSettings);
  port.on('message', (message: ToWorker) => {
    if (message.type === 'stored') {
      storedWaiters.shift()?.();
      return;
    }
    runJob(session, message.job, message.input, channel(message.id)).then(
      (output) => post({ type: 'done', id: message.id, output }),
      (error: unknown) => post({ type: 'failed', id: message.id, error: flatten(error) }),
    );
  });
  post({ type: 'ready' });
} catch (error) {
  post({ type: 'failed', id: undefined, error: flatten(error) });
}
