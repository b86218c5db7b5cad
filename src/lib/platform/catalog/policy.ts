import type { FiringState } from './trigger.ts';

/** A row security policy. */
export interface Policy {
  readonly oid: number;
  readonly name: string;
  readonly command: 'select' | 'insert' | 'update' | 'delete' | 'all';
  /** False: restrictive. */
  readonly permissive: boolean;
  /** `public` stands for everybody. */
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

/** A rewrite rule other than a view's own. */
export interface Rule {
  readonly oid: number;
  readonly name: string;
  readonly definition: string;
  readonly event: 'select' | 'insert' | 'update' | 'delete';
  readonly instead: boolean;
  readonly enabled: FiringState;
}
