export { type ScanOptions, scanDatabase } from './scan-database.ts';
