// What tests look for in an archive of an `exportWorld`, once Python has read it.

export interface Manifest {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  readonly maskings: readonly Record<string, unknown>[];
  readonly notExported: readonly Record<string, unknown>[];
}

type Files = ReadonlyMap<string, Buffer>;

export const text = (files: Files, name: string): string => files.get(name)?.toString() ?? '';

export const rows = (files: Files, table: string): Record<string, unknown>[] =>
  JSON.parse(text(files, `app.${table}/rows.json`)) as Record<string, unknown>[];

export const manifest = (files: Files): Manifest => JSON.parse(text(files, 'manifest.json')) as Manifest;
