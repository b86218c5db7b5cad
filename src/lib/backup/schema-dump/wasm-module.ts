/** The parts of the Emscripten runtime of pglite-tools' pg_dump that we use. */
export interface PgDumpModule {
  readonly ENV: Record<string, string>;
  /** The module's memory; read it anew each time, because growing the memory replaces it. */
  readonly HEAPU8: Uint8Array;
  readonly FS: {
    readFile(path: string): Uint8Array;
    writeFile(path: string, data: string): void;
    chmod(path: string, mode: number): void;
    getStream(descriptor: number): object | null;
    open(path: string, flags: string): { readonly fd: number };
    close(stream: object): void;
  };
  addFunction(callback: (pointer: number, length: number) => number, signature: 'iii'): number;
  _pgl_set_rw_cbs(read: number, write: number): void;
}

type CallMain = (args: string[]) => number;

/** Stands where pglite-tools would call pg_dump's main(); `callMain` is that main and returns its exit code. */
type Main = (module: PgDumpModule, callMain: CallMain) => void;

/**
 * Runs `main` with pg_dump's module.
 *
 * The package exports only `pgDump({pg, args})`, which is fixed to PGlite, appends arguments of its own and decodes
 * the dump as UTF-8. Its Emscripten module is not exported, but publishes itself by plain assignments
 * (`Module.callMain = …`), so an accessor on Object.prototype sees the module and takes callMain's place. That is
 * tolerable because it happens in a worker thread that does nothing else, and the accessor goes with the first use.
 * @throws {Error} when this version of the package does not publish its module in that way
 */
export async function withPgDumpModule(main: Main): Promise<void> {
  let outcome: { readonly error?: unknown } | undefined;
  replaceAssigned('callMain', (module, callMain) => () => {
    outcome = attempt(() => main(module as PgDumpModule, callMain as CallMain));
    return 0;
  });
  const { pgDump } = await import('@electric-sql/pglite-tools/pg_dump');
  type Pglite = Parameters<typeof pgDump>[0]['pg'];
  try {
    await pgDump({ pg: idlePglite as unknown as Pglite });
  } catch (error) {
    // After main, pgDump only decodes a file that main has already read.
    outcome ??= { error };
  }
  if (outcome === undefined) {
    throw new Error('this version of @electric-sql/pglite-tools keeps its pg_dump module to itself');
  }
  if ('error' in outcome) throw outcome.error;
}

/** What pgDump asks of its PGlite before and after main. */
const idlePglite = {
  query: () => Promise.resolve({ rows: [{ search_path: '' }] }),
  exec: () => Promise.resolve([]),
};

function replaceAssigned(name: string, replacement: (owner: unknown, value: unknown) => unknown): void {
  // oxlint-disable-next-line no-extend-native -- see withPgDumpModule
  Object.defineProperty(Object.prototype, name, {
    configurable: true,
    set(this: object, value: unknown) {
      Reflect.deleteProperty(Object.prototype, name);
      Object.defineProperty(this, name, { value: replacement(this, value), writable: true });
    },
  });
}

function attempt(work: () => void): { readonly error?: unknown } {
  try {
    work();
    return {};
  } catch (error) {
    return { error };
  }
}
