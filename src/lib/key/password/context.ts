import type { OperationContext } from '../../operation/context.ts';
import type { Place } from './place.ts';
import type { SecretFile } from './secret-file.ts';

/** What rotating passwords works with. */
export interface PasswordContext extends OperationContext {
  /** A part of `keys.passwords`. @throws {PosternError} exit 2 when there is none of that name */
  password(name: string): ManagedPassword;
  /** The login of the state database's URL, and its server as `host:port`; a URL's parts, asked of nobody. */
  stateLogin(): Promise<{ readonly role: string; readonly server: string }>;
}

/** A password that postern makes, sets and hands on. */
export interface ManagedPassword {
  readonly name: string;
  /** One, or two that take turns. */
  readonly roles: readonly string[];
  /** Read each time, since it may be the very file that a rotation writes. */
  adminUrl(): Promise<string>;
  /** Where the new password is tried, without a login; the admin's server where it is missing. */
  readonly loginUrl?: string;
  /** Random bytes of a new password. */
  readonly passwordBytes: number;
  /** Milliseconds. */
  readonly cryptoperiod: number;
  /** Keeps the new password from before it is set until it is published. */
  readonly pending: SecretFile;
  /** In the order in which they are told; a hook comes last. */
  readonly places: readonly Place[];
}
