import type { SessionKey } from '../../crypto/openpgp-session-key.ts';
import type { KeyringTable } from '../format/keyring-sql.ts';
import type { BlockRange, CopiedTable } from '../format/part-sql.ts';
import type { TableSum } from '../format/row-checksum.ts';
import type { CompressionLevel } from '../format/zstd-frames.ts';

/** How a worker connects and reads; fixed for its life. */
export interface WorkerSettings {
  /** Left out for a worker that only opens files. */
  readonly database?: {
    readonly url: string;
    readonly encoding: string;
    readonly snapshot?: string;
    /** Milliseconds; without it, a locked table is waited for. */
    readonly lockTimeout?: number;
    readonly writes: boolean;
  };
  readonly seal?: {
    readonly recipients: readonly string[];
    readonly checkedAt: string;
    readonly level: CompressionLevel;
    readonly partSize: number;
    readonly verify: boolean;
  };
}

/** A sealed file on its way to the store; the bytes are transferred, not copied. */
export interface SealedPart {
  readonly part: number;
  readonly bytes: ArrayBuffer;
  readonly sha256: string;
  readonly plainSize: number;
  readonly plainSha256: string;
  readonly sessionKey: SessionKey;
  /** In front of the first row. */
  readonly headerBytes: number;
  /** Behind the last row. */
  readonly trailerBytes: number;
  readonly rows: number;
}

/** What loads the rows of a part: `COPY … FROM stdin`, and what stands before and behind it. */
export interface LoadStatements {
  readonly before: readonly string[];
  readonly copy: string;
  readonly after: readonly string[];
  /** For messages. */
  readonly target: string;
}

/** What workers can do: the name of each job, what it takes, what it gives. */
export interface Jobs {
  /** Reads a table (or blocks of it), seals it in parts, and sends each to the main thread while it goes on. */
  seal: {
    input: { readonly table: CopiedTable; readonly blocks?: BlockRange };
    output: TableSum & { readonly bytes: number };
  };
  /** The same for the wrapped keys of a table. */
  'seal-keyring': { input: { readonly table: KeyringTable }; output: TableSum & { readonly bytes: number } };
  /** Seals the first `size` bytes of a buffer that it takes over, as one part. */
  'seal-bytes': {
    input: { readonly bytes: ArrayBuffer; readonly size: number };
    output: { readonly plainSize: number };
  };
  /** Opens a part and loads it, together with a mark, in one transaction. */
  load: {
    input: {
      readonly statements: LoadStatements;
      readonly bytes: ArrayBuffer;
      readonly headerBytes: number;
      readonly trailerBytes: number;
      readonly plainSha256: string;
      /** Quoted and qualified; see restore/marks.ts. */
      readonly markTable: string;
      readonly mark: string;
      /** What opens the part: a worker never has a secret key. */
      readonly sessionKey: SessionKey;
    };
    output: { readonly rows: number };
  };
  /** Reads a table and sums it, without keeping anything. */
  sum: { input: { readonly table: CopiedTable }; output: TableSum };
  'sum-keyring': { input: { readonly table: KeyringTable }; output: TableSum };
  /** Opens a file and says what is in it. `rows` is only counted for table data. */
  inspect: {
    input: {
      readonly bytes: ArrayBuffer;
      readonly headerBytes?: number;
      readonly trailerBytes?: number;
      readonly sessionKey: SessionKey;
    };
    output: TableSum & { readonly plainSize: number; readonly plainSha256: string };
  };
}

export type JobName = keyof Jobs;

export type ToWorker =
  | {
      readonly type: 'run';
      readonly id: number;
      readonly job: JobName;
      readonly input: Jobs[JobName]['input'];
    }
  | { readonly type: 'stored'; readonly id: number };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'part'; readonly id: number; readonly part: SealedPart }
  | { readonly type: 'progress'; readonly id: number; readonly bytes: number }
  | { readonly type: 'done'; readonly id: number; readonly output: Jobs[JobName]['output'] }
  | { readonly type: 'failed'; readonly id: number | undefined; readonly error: WorkerError };

/** An error as it crosses threads: a PosternError keeps its meaning. */
export interface WorkerError {
  readonly exitCode: number | undefined;
  readonly message: string;
  readonly code: string | undefined;
  readonly hints: readonly string[];
  readonly stack: string | undefined;
}
