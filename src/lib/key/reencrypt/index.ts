export { joinablePlan, joinReencrypt } from './join.ts';
export { keyReencrypt } from './kind.ts';
export { listQuarantine } from './list-quarantine.ts';
export { reencryptOutcome } from './outcome.ts';
export { planReencrypt, type ReencryptOptions } from './plan-reencrypt.ts';
export { resolveQuarantined } from './resolve-quarantine.ts';
