export { type LogScan, scanLogs } from './scan-logs.ts';
