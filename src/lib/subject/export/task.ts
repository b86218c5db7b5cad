import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { SealedFor } from './archive/seal.ts';
import type { MailForm } from './message/mail-files.ts';
import type { ExportSet } from './plan-tables.ts';
import type { Decision } from './review/item.ts';
import type { OpenBucket } from './row/objects.ts';
import type { DataKeyOf } from './row/sealed.ts';

export interface ExportContext {
  /** A reading session of the platform database, of which nobody else has use meanwhile. */
  readonly db: Client;
  readonly map: DataMap;
  readonly openBucket: OpenBucket;
  readonly dataKeyOf: DataKeyOf;
  /** `postern 0.1.0` */
  readonly tool: string;
  readonly at: Date;
  readonly signal: AbortSignal;
  /** Signs a manifest's digest: the envelope's text. Undefined where nobody is configured to. */
  readonly sign: (manifestSha256: string, about: SignedPart) => Promise<string | undefined>;
  readonly onTable?: (table: string) => void;
  readonly onRow?: () => void;
  /** Told when everything was written, before it is read back. */
  readonly onWritten?: () => void;
}

export interface SignedPart {
  readonly exportId: string;
  readonly set: ExportSet;
  readonly part: number;
}

export interface ExportOptions {
  /** An address, or `subject.identity=value`; all of one person. */
  readonly who: readonly string[];
  readonly tenant: string | undefined;
  /** Whether rows of one table that the names lead to are one person. */
  readonly onePerson?: boolean | undefined;
  /** Names that several persons share: they lead to nobody. */
  readonly shared?: readonly string[] | undefined;
  readonly set: ExportSet;
  readonly folder: string;
  readonly fileName: (part: number | undefined) => string;
  /** Where items wait that a person has to decide on. */
  readonly reviewPath: string;
  readonly decisions: ReadonlyMap<string, Decision>;
  readonly sealedFor: SealedFor;
  readonly splitAt: number | undefined;
  readonly mailForm: MailForm;
  /** Why blind copies to others are given out; undefined masks them. */
  readonly discloseBcc: string | undefined;
}
