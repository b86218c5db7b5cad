export type { ManagedPassword, PasswordContext } from './context.ts';
export type { Finding } from './decide.ts';
export { passwordRotation } from './kind.ts';
export { planRotation, type RotateOptions, requireAccepted } from './plan-rotate.ts';
