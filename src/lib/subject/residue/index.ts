export { scanDatabase } from './scan-database.ts';
