import { Worker } from 'node:worker_threads';
import { PosternError } from '../../base/error.ts';
import type { ExitCode } from '../../base/exit-code.ts';
import type { FromWorker, JobName, Jobs, SealedPart, ToWorker, WorkerError, WorkerSettings } from './jobs.ts';

export interface RunOptions {
  /** Called for each sealed part; the worker builds the next one meanwhile, but does not finish it before this one is stored. */
  readonly onPart?: (part: SealedPart) => Promise<void>;
  readonly onProgress?: (bytes: number) => void;
  /** Memory that the worker takes over. */
  readonly transfer?: readonly ArrayBuffer[];
}

/**
 * What a thread works on lies outside of V8's heap. Inside are short-lived small things, for which V8 would take up to
 * 48 MB for each thread.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 12 };

/** Threads that read, seal, open and load; each has a connection of its own. */
export interface WorkerPool {
  readonly size: number;
  /** Runs a job on the next free worker. Errors of the worker come out with their exit code. */
  run<J extends JobName>(job: J, input: Jobs[J]['input'], options?: RunOptions): Promise<Jobs[J]['output']>;
  /** Ends the threads, whatever they do, and waits for every part that is on its way. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (output: never) => void;
  readonly reject: (error: unknown) => void;
  readonly options: RunOptions;
}

interface Member {
  readonly worker: Worker;
  pending: (Pending & { readonly id: number }) | undefined;
}

/**
 * Starts the workers and waits until each is connected (and has imported the snapshot): afterwards the death of the
 * session that holds the snapshot harms none of them.
 * @throws {PosternError} what the first worker that failed said
 */
export async function openWorkerPool(
  size: number,
  settings: WorkerSettings,
  signal: AbortSignal,
): Promise<WorkerPool> {
  signal.throwIfAborted();
  const members: Member[] = [];
  const waiting: PromiseWithResolvers<Member>[] = [];
  const idle: Member[] = [];
  const starting: ((error: unknown) => void)[] = [];
  const underway = new Set<Promise<unknown>>();
  let failed: unknown;
  let nextId = 1;

  const release = (member: Member): void => {
    member.pending = undefined;
    const next = waiting.shift();
    if (next === undefined) idle.push(member);
    else next.resolve(member);
  };
  const fail = (error: unknown): void => {
    failed ??= error;
    for (const member of members) member.pending?.reject(failed);
    for (const next of waiting.splice(0)) next.reject(failed);
    for (const reject of starting.splice(0)) reject(failed);
  };
  const onAbort = (): void => fail(Object.assign(new Error('interrupted'), { name: 'AbortError' }));
  signal.addEventListener('abort', onAbort, { once: true });

  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', onAbort);
    fail(new Error('the worker pool is closed'));
    await Promise.all(members.map(({ worker }) => worker.terminate()));
    await Promise.allSettled(underway);
  };

  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(workerModule(), { workerData: settings, resourceLimits });
      const member: Member = { worker, pending: undefined };
      members.push(member);
      starting.push(reject);
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          idle.push(member);
          resolve();
        } else if (message.type === 'failed' && message.id === undefined) {
          reject(revive(message.error));
        } else {
          receive(member, message, { release, fail, underway });
        }
      });
      worker.on('error', fail);
      worker.on('exit', (code) => fail(new Error(`a backup worker ended by itself with code ${code}`)));
    });

  try {
    await Promise.all(Array.from({ length: size }, start));
  } catch (error) {
    await close();
    throw error;
  }

  return {
    size,
    run: async (job, input, options = {}) => {
      if (failed !== undefined) throw failed;
      const member = idle.pop() ?? (await nextFree(waiting));
      // The pool may have failed while this job waited for its turn.
      if (failed !== undefined) throw failed;
      const id = nextId++;
      return new Promise((resolve, reject) => {
        member.pending = { id, resolve, reject, options };
        const message: ToWorker = { type: 'run', id, job, input };
        member.worker.postMessage(message, [...(options.transfer ?? [])]);
      });
    },
    close,
  };
}

function nextFree(waiting: PromiseWithResolvers<Member>[]): Promise<Member> {
  const turn = Promise.withResolvers<Member>();
  waiting.push(turn);
  return turn.promise;
}

interface PoolState {
  release(this: void, member: Member): void;
  fail(this: void, error: unknown): void;
  /** Parts that are being stored. */
  readonly underway: Set<Promise<unknown>>;
}

function receive(
  member: Member,
  message: Exclude<FromWorker, { type: 'ready' }>,
  { release, fail, underway }: PoolState,
): void {
  const { pending } = member;
  if (pending === undefined || pending.id !== message.id) return;
  if (message.type === 'progress') pending.options.onProgress?.(message.bytes);
  if (message.type === 'part') {
    const stored: ToWorker = { type: 'stored', id: message.id };
    const storing = (pending.options.onPart?.(message.part) ?? Promise.resolve()).then(
      () => member.worker.postMessage(stored, []),
      // The worker waits for an answer that will not come: the pool is of no more use.
      (error: unknown) => fail(error),
    );
    underway.add(storing);
    void storing.finally(() => underway.delete(storing));
  }
  if (message.type === 'done') {
    release(member);
    pending.resolve(message.output as never);
  }
  if (message.type === 'failed') {
    release(member);
    pending.reject(revive(message.error));
  }
}

function revive({ exitCode, message, code, hints, stack }: WorkerError): Error {
  if (exitCode === undefined) {
    const error = new Error(message);
    if (stack !== undefined) error.stack = stack;
    return error;
  }
  return new PosternError(exitCode as ExitCode, message, { hints, ...(code === undefined ? {} : { code }) });
}

/** The worker's module beside this one: TypeScript when the sources run as they are, JavaScript when built. */
function workerModule(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}
