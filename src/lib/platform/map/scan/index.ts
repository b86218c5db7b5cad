export { checkData } from './check-data.ts';
export { checkObjects } from './object/check-objects.ts';
export type { ObjectLook } from './object/find-objects.ts';
export { type KeySource, KeySourceError } from './object/key-source.ts';
export type { LookOptions } from './sample/look.ts';
export { withLocked } from './sample/unseen.ts';
export { type Scan, scanPlatform } from './scan-platform.ts';
