export { passwordKeys } from './check.ts';
export type { ManagedPassword, PasswordContext } from './context.ts';
export { passwordRotation } from './kind.ts';
export { rotationSessions } from './outcome.ts';
export { planRotation, type RotateOptions, requireAccepted } from './plan-rotate.ts';
