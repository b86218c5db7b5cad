/** One run of a pg_dump, native or WebAssembly. */
export interface PgDumpRun {
  readonly url: string;
  /** Options only: the connection and the output are the runner's. */
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** How pg_dump ended; a failing pg_dump is a result, not an exception. */
export interface PgDumpResult {
  readonly exitCode: number;
  /** The dump, bytes in the encoding that was asked for. */
  readonly output: Buffer;
  /** Warnings and errors, in English. */
  readonly messages: string;
}
