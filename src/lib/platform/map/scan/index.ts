export { checkData } from './check-data.ts';
export type { LookOptions } from './sample/look.ts';
export { type Scan, scanPlatform } from './scan-platform.ts';
