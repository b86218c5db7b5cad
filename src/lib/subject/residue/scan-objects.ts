import { PosternError } from '../../base/error.ts';
import type { ListedVersion, ObjectStore, OpenedObject } from '../../cloud/object-store.ts';
import { type FieldScanner, fieldScanner, type Search, searchFor } from './field-scanner.ts';
import type { ResidueForm } from './needles.ts';
import { type ObjectFindings, objectFindings } from './object-findings.ts';
import { objectVersions } from './object-versions.ts';
import type { SubjectResidueResult } from './results.ts';
import { bodyScanner } from './scan-body.ts';
import type { ScanOptions } from './scan-database.ts';
import { type KeyTemplate, shownKey } from './shown-key.ts';
import { bucketReason, objectReason } from './store-reason.ts';

/** A bucket of the platform, and where its objects are. */
export interface ScannedBucket {
  /** As the data map calls it. */
  readonly bucket: string;
  readonly store: ObjectStore;
  /** What stands in front of every key inside the store; '' for none. */
  readonly prefix: string;
  /** How the map says that keys are made: what may be shown of one. */
  readonly templates?: readonly KeyTemplate[];
}

export interface ObjectResidue {
  /** `place` is `object BUCKET/KEY`, the key as `shownKey` gives it; `rows` are versions. */
  readonly found: SubjectResidueResult['found'];
  readonly unasked: SubjectResidueResult['unasked'];
  /** Buckets that were listed to their end. */
  readonly places: number;
  /** Versions that were looked at, delete markers among them. */
  readonly objects: number;
  /** As they came from the store. */
  readonly bytes: number;
}

/** Bodies that are read at once; each takes some kilobytes. */
const parallelReads = 8;

/** Progress is told each time that so many versions were looked at. */
const toldEvery = 1000;

/**
 * Looks for names in every version of every object: the key, what the store keeps beside it, and the body, opened where
 * it is compressed. Bodies are streamed. Nothing is changed, and no key is returned that may name somebody. What a
 * store refuses stands under `unasked`.
 */
export async function scanObjects(
  stores: readonly ScannedBucket[],
  options: ScanOptions,
): Promise<ObjectResidue> {
  const search = searchFor(options.names, options.called);
  const findings = objectFindings();
  const unasked: SubjectResidueResult['unasked'] = [];
  const looked = { objects: 0, bytes: 0 };
  let places = 0;
  for (const bucket of stores) {
    options.onPlace?.(`bucket ${bucket.bucket}`);
    try {
      await scanBucket({ ...options, bucket, findings, search, looked });
      places += 1;
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof PosternError)) throw error;
      unasked.push({ source: `bucket ${bucket.bucket}`, reason: bucketReason(error) });
    }
  }
  return { found: findings.found(), unasked: [...unasked, ...findings.unasked()], places, ...looked };
}

interface BucketScan extends ScanOptions {
  readonly bucket: ScannedBucket;
  readonly findings: ObjectFindings;
  readonly search: Search;
  readonly looked: { objects: number; bytes: number };
}

interface Version {
  readonly listed: ListedVersion;
  /** As it may be shown. */
  readonly key: string;
}

async function scanBucket(scan: BucketScan): Promise<void> {
  const { looked, signal, bucket } = scan;
  const versions = versionsOf(scan);
  // Answers of one generator come in the order in which they were asked for, so several may wait for the next.
  const work = async (): Promise<void> => {
    const look = versionScanner(scan);
    for (let next = await versions.next(); next.done !== true; next = await versions.next()) {
      signal.throwIfAborted();
      looked.bytes += await look(next.value);
      looked.objects += 1;
      if (looked.objects % toldEvery === 0)
        scan.onPlace?.(`bucket ${bucket.bucket}, ${looked.objects.toLocaleString('en')} versions`);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: parallelReads }, work));
  await versions.return(undefined);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Every version, newest first within a key, and what is in the keys themselves, each looked at once. */
async function* versionsOf({ bucket, findings, search }: BucketScan): AsyncGenerator<Version, void> {
  const { bucket: name, store, prefix, templates = [] } = bucket;
  const scanner = fieldScanner(search);
  let last: string | undefined;
  let key = '';
  for await (const listed of objectVersions(store, prefix)) {
    if (listed.key !== last) {
      last = listed.key;
      const own = listed.key.slice(prefix.length);
      const forms = formsOf(scanner, [own]);
      key = shownKey(own, templates, forms.size > 0 ? 'holds-name' : 'no-name');
      findings.note({ bucket: name, key }, 'key', forms);
    }
    yield { listed, key };
  }
}

/** @returns what looks through one version after the other, and gives the bytes of each */
function versionScanner({ bucket: { bucket, store }, findings, search, signal }: BucketScan) {
  const scanBody = bodyScanner(search);
  const beside = fieldScanner(search);
  return async ({ listed, key }: Version): Promise<number> => {
    if (listed.isDeleteMarker) return 0;
    const object = { bucket, key };
    try {
      const one = versionOption(listed);
      const { object: kept, body } = await store.open(listed.key, one);
      findings.note(object, 'metadata', formsOf(beside, textsBeside(kept)));
      const { forms, bytes, unopened, failed } = await scanBody(untilAborted(body, signal));
      findings.note(object, 'body', forms);
      if (failed !== undefined) throw failed;
      if (unopened !== undefined) findings.failed(object, unopened);
      if (bytes !== listed.size)
        findings.failed(object, 'the bytes that came are not as many as the store lists');
      return bytes;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PosternError)) throw error;
      if (!(await isGone(store, listed, error))) findings.failed(object, objectReason(error));
      return 0;
    }
  };
}

const versionOption = ({ versionId }: ListedVersion) => (versionId === undefined ? {} : { versionId });

/** Whether it went since it was listed: then nothing of it is left. */
async function isGone(store: ObjectStore, listed: ListedVersion, { code }: PosternError): Promise<boolean> {
  if (code !== 'object-missing') return false;
  return store.head(listed.key, versionOption(listed)).then(
    (found) => found === undefined,
    () => false,
  );
}

const textsBeside = ({ contentType = '', metadata = {} }: OpenedObject['object']): readonly string[] => [
  contentType,
  ...Object.entries(metadata).flat(),
];

function formsOf(scanner: FieldScanner, texts: readonly string[]): ReadonlySet<ResidueForm> {
  const forms = new Set<ResidueForm>();
  for (const text of texts) {
    for (const byte of Buffer.from(text)) scanner.feed(byte);
    for (const form of scanner.end()) forms.add(form);
  }
  return forms;
}

async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) {
    signal.throwIfAborted();
    yield chunk;
  }
}
