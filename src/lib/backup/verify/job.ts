import type { Clock } from '../../base/clock.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import type { SecretKeys, SetStore } from '../context.ts';
import type { ManifestFile } from '../format/manifest.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import type { KnownCopy } from '../known-copy.ts';
import type { SignedSet } from '../read-set.ts';
import type { EgressBudget } from './egress.ts';
import type { FoundElsewhere } from './elsewhere.ts';
import type { VerifyLevel } from './level.ts';
import type { FileRecord } from './record.ts';
import type { VerifyFinding } from './results.ts';

export interface VerifyOptions {
  /**
   * `list` compares names and sizes with what is signed; `head` asks the store about each file as well; `sample=5%`
   * reads a part of the files, `full` all of them, and opens them where a key allows.
   */
  readonly level: VerifyLevel;
  readonly keys: SecretKeys | undefined;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** The system's unless told. */
  readonly clock?: Clock;
  /** The state database, where there is one: what it knows is compared, and what was looked at is kept there. */
  readonly state?: Queryable | undefined;
  /** `resume`: goes on with the newest verification of this set and level that did not end; `anew` unless told. */
  readonly mode?: 'anew' | 'resume';
  /** Bytes that may be read from the store; no limit unless told. */
  readonly egress?: EgressBudget;
  /** Repeats the sample that was chosen with it. */
  readonly seed?: string | undefined;
  /** The `verify --all` that this one is a part of. */
  readonly batch?: string;
  /** A set that the register knows as complete and newer, although this one is the newest that the store lists. */
  readonly newerKnown?: string | undefined;
  /** What this run has read of sets that share their mail objects: such a file is read once. */
  readonly shared?: SharedFiles;
}

/** Files that were found good, by destination and key. */
export type SharedFiles = Map<string, FileRecord>;

/** One verification on its way: everything that its parts look at, and where they put what they find. */
export interface VerifyJob {
  /** Its reads are counted. */
  readonly sets: SetStore;
  readonly setId: string;
  readonly options: VerifyOptions;
  readonly clock: Clock;
  readonly egress: EgressBudget;
  /** `unknown`: there is no state database to ask. */
  readonly register: ReadonlyMap<string, KnownCopy> | 'unknown';
  readonly findings: VerifyFinding[];
  readonly elsewhere: FoundElsewhere[];
  readonly notes: string[];
}

/** A file that can be looked at by itself. */
export interface VerifyTarget {
  /** In the set; of a keyring, its path beside the sets. */
  readonly name: string;
  readonly key: string;
  readonly sha256: string;
  /** Bytes, as signed; undefined for the stub alone. */
  readonly size: number | undefined;
  /** From the manifest, where it could be opened and names the file. */
  readonly entry: ManifestFile | undefined;
  /** What opens it, where it has an entry. */
  readonly opener: FileOpener | undefined;
  /** The set that holds it, where that is one whose mail objects this one shares. */
  readonly base: string | undefined;
}

/** A set's folder, and which of its files are looked at. */
export interface SetFiles {
  readonly set: SignedSet;
  /** Those of its signed list. */
  readonly names: readonly string[];
  /** In front of the names, for findings and for the record: nothing for the set itself. */
  readonly folder: string;
  /** Whether what nobody signed is told. */
  readonly strangers: 'told' | 'left';
}

export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

export function amountOf(targets: readonly Pick<VerifyTarget, 'size'>[]): Amount {
  return { files: targets.length, bytes: targets.reduce((sum, { size = 0 }) => sum + size, 0) };
}
