import { PosternError } from '../../base/error.ts';
import { addFinding, keepIntegrityIn } from '../finding.ts';
import { fileName } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import { keysFor, type UnlockedKeys } from '../keys/open-keys.ts';
import { openManifest, readSealedManifest } from '../read-set.ts';
import type { SetFiles, VerifyJob } from './job.ts';
import { readsContents } from './level.ts';
import { shadowed } from './listing.ts';
import type { Unopened } from './results.ts';

export interface OpenedInside {
  readonly manifest: Manifest;
  readonly opener: FileOpener;
}

export interface Opening {
  /** Where keys are at hand that open the set. */
  readonly inside: OpenedInside | undefined;
  /** Why it stays closed. */
  readonly unopened: Unopened | null;
  /** What was read and found good on the way, and need not be read again; with the folder in front. */
  readonly read: readonly string[];
}

/** The manifest, where a key is at hand; else its signature at least, where contents are to be read. */
export async function openInside(
  job: VerifyJob,
  { set, folder }: SetFiles,
  unlocked: UnlockedKeys | undefined,
): Promise<Opening> {
  const { sets, options, findings } = job;
  const keys = keysFor(set, options.keys) === undefined ? undefined : unlocked;
  const read = [folder + fileName.stub];
  if (keys === undefined && !readsContents(options.level))
    return { inside: undefined, unopened: 'no-key', read };
  const manifest = { folder, file: fileName.manifest };
  const sealed = await keepIntegrityIn(findings, 'signature', manifest, () => readSealedManifest(sets, set));
  if (sealed === undefined) return { inside: undefined, unopened: 'damaged', read };
  for (const name of sealed.shadowed)
    addFinding(findings, shadowed(folder + name, 'the signed version is still there'));
  read.push(folder + fileName.manifest);
  if (keys === undefined) return { inside: undefined, unopened: 'no-key', read };
  const opened = await keepIntegrityIn(findings, 'contents', manifest, async () => {
    try {
      return await openManifest(sets, set, sealed, keys);
    } catch (error) {
      return closedTo(error);
    }
  });
  if (opened === undefined) return { inside: undefined, unopened: 'damaged', read };
  if ('unopened' in opened) {
    job.notes.push(noteOf(opened, set.setId, folder));
    return { inside: undefined, unopened: opened.unopened, read };
  }
  return { inside: opened, unopened: null, read };
}

interface Closed {
  readonly unopened: Unopened;
  readonly message: string;
}

/** Keys that open other sets say nothing against this one. @throws {PosternError} every other error */
function closedTo(error: unknown): Closed {
  if (!(error instanceof PosternError)) throw error;
  const { code = '', message } = error;
  if (code === 'not-for-these-keys') return { unopened: 'other-keys', message };
  if (['kms-access-denied', 'kms-key-missing', 'kms-key-unusable'].includes(code))
    return { unopened: 'service', message };
  throw error;
}

function noteOf({ unopened, message }: Closed, setId: string, folder: string): string {
  const what =
    folder === '' ? 'so its contents were not opened' : 'so the mail objects that it shares were not opened';
  const closed =
    unopened === 'service'
      ? `the key management service does not open ${setId}`
      : `none of the configured keys opens ${setId}`;
  const why = unopened === 'service' ? `: ${message}` : '';
  return `${closed}, ${what}${why}`;
}
