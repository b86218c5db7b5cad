export { byteSieve } from './byte-sieve.ts';
export { fieldScanner, type Search, searchFor } from './field-scanner.ts';
export { inflaterFor, magicLength } from './inflate.ts';
export { joinResidue, type Looked } from './join-residue.ts';
export type { ResidueForm } from './needles.ts';
export { type DatabaseResidue, type ScanOptions, scanDatabase } from './scan-database.ts';
export { type ObjectResidue, type ScannedBucket, scanObjects } from './scan-objects.ts';
export type { KeyTemplate } from './shown-key.ts';
export { streamScanner } from './stream-scanner.ts';
