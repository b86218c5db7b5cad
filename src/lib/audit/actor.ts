import { hostname, userInfo } from 'node:os';

/** Who does something: the enrolled key where one is configured, and where the process runs. */
export interface Actor {
  /** Of the operator's OpenPGP key: 40 uppercase hexadecimal digits. */
  readonly fingerprint?: string;
  readonly osUser: string;
  readonly host: string;
  readonly pid: number;
  /** What the cloud calls this identity: an ARN, for example. */
  readonly cloudIdentity?: string;
}

/** This process, with whatever identities the caller knows. */
export function currentActor(known: Pick<Actor, 'fingerprint' | 'cloudIdentity'> = {}): Actor {
  return { ...known, osUser: osUserName(), host: hostname(), pid: process.pid };
}

function osUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a uid that has no passwd entry.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
