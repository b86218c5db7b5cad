export { downSandbox, requireUp, resetSandbox, sandboxStatus, upSandbox } from './lifecycle.ts';
export { readUrl, secretPath } from './sandbox-config.ts';
export { sandboxPaths } from './sandbox-paths.ts';
export { parseScale } from './scale.ts';
