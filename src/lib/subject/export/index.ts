export { outExists } from './archive/archive.ts';
export type { SealedFor } from './archive/seal.ts';
export { type ExportContext, type ExportedPerson, type ExportOptions, exportPerson } from './export.ts';
export { readDecisions } from './review/read-decisions.ts';
export type { DataKeyOf } from './row/sealed.ts';
