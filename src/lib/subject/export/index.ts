export { outExists } from './archive/archive.ts';
export type { SealedFor } from './archive/seal.ts';
export { type ExportedPerson, exportPerson } from './export.ts';
export { readDecisions } from './review/read-decisions.ts';
export type { DataKeyOf } from './row/sealed.ts';
export type { ExportContext, ExportOptions } from './task.ts';
