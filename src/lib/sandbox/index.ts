export {
  downSandbox,
  requireUp,
  resetSandbox,
  type SandboxStatus,
  sandboxStatus,
  type UpOptions,
  type UpResult,
  upSandbox,
} from './lifecycle.ts';
export type { SandboxManifest } from './manifest.ts';
export { readUrl, type SandboxRole, sandboxRoleNames, secretPath } from './sandbox-config.ts';
export { type SandboxPaths, sandboxPaths } from './sandbox-paths.ts';
export { parseScale } from './scale.ts';
