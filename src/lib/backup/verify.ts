import type { Progress } from '../base/progress.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import type { SecretKeys, SetStore } from './context.ts';
import { addFinding, keepIntegrity } from './finding.ts';
import { fileName } from './format/layout.ts';
import type { Manifest, ManifestFile } from './format/manifest.ts';
import { addSums, type TableSum } from './format/row-checksum.ts';
import { openSignedSet, readFile, readManifest, readSignedFile, type SignedSet, unlock } from './read-set.ts';
import type { BackupVerifyResult, VerifyFinding } from './results.ts';
import { openWorkerPool, type WorkerPool } from './worker/pool.ts';

export interface VerifyOptions {
  /** `list` compares names and sizes with what is signed; `full` reads every byte, and opens it where a key allows. */
  readonly level: 'list' | 'full';
  readonly keys: SecretKeys | undefined;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Files that stand outside the signed list because they carry or are its signature. */
const outsideSums: ReadonlySet<string> = new Set([
  fileName.sums,
  fileName.sumsSignature,
  fileName.manifestSignature,
]);

/**
 * Looks at everything that could be wrong with a set and tells all of it, instead of stopping at the first.
 * @throws {PosternError} exit 1 and 2 when the set cannot be looked at; what is wrong with it is among the findings
 */
export async function verifySet(
  sets: SetStore,
  setId: string,
  options: VerifyOptions,
): Promise<BackupVerifyResult> {
  const started = performance.now();
  const findings: VerifyFinding[] = [];
  const set = await keepIntegrity(findings, 'signature', fileName.sums, () => openSignedSet(sets, setId));
  const result = {
    setId,
    location: `${sets.store.location}/${sets.prefix}${setId}`,
    level: options.level,
    signer: set?.signer ?? null,
  };
  const listed = await compareListing(sets, setId, set, findings);
  const checked =
    set === undefined || options.level === 'list'
      ? { opened: false, rows: null }
      : await compareContents(sets, set, options, findings);
  if (set !== undefined) await compareChain(sets, set, findings);
  return { ...result, ...listed, ...checked, seconds: (performance.now() - started) / 1000, findings };
}

/** Names and sizes in the store against the signed list. */
async function compareListing(
  sets: SetStore,
  setId: string,
  set: SignedSet | undefined,
  findings: VerifyFinding[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const prefix = `${sets.prefix}${setId}/`;
  const present = new Map<string, number>();
  const isWhole = await keepIntegrity(findings, 'unreadable', null, async () => {
    for await (const { key, size } of sets.store.list(prefix)) present.set(key.slice(prefix.length), size);
    return true;
  });
  // What a listing that broke off does not show is not missing for that.
  if (isWhole === undefined) return { files: present.size, bytes: sum(present.values()) };
  const signed = new Map((set?.stub.files ?? []).map(({ name, size }) => [name, size]));
  for (const name of set?.sums.keys() ?? []) {
    const size = present.get(name);
    const expected = signed.get(name);
    if (size === undefined)
      findings.push({ kind: 'missing', file: name, message: 'the file is not in the store' });
    else if (expected !== undefined && size !== expected) {
      findings.push({
        kind: 'size',
        file: name,
        message: `${size} bytes, not the ${expected} that are signed`,
      });
    }
  }
  if (set !== undefined) {
    for (const name of [fileName.manifestSignature]) {
      if (!present.has(name))
        findings.push({ kind: 'missing', file: name, message: 'the file is not in the store' });
    }
    for (const name of present.keys()) {
      if (!set.sums.has(name) && !outsideSums.has(name))
        findings.push({
          kind: 'unlisted',
          file: name,
          message: 'the file is in the store, but not in the signed list',
        });
    }
  }
  return { files: present.size, bytes: sum(present.values()) };
}

function sum(sizes: Iterable<number>): number {
  return [...sizes].reduce((total, size) => total + size, 0);
}

/** Every byte against its signed hash; with a key, every row against the manifest. */
async function compareContents(
  sets: SetStore,
  set: SignedSet,
  options: VerifyOptions,
  findings: VerifyFinding[],
): Promise<{ readonly opened: boolean; readonly rows: number | null }> {
  const { keys, signal, progress } = options;
  const secretKeys = keys === undefined ? undefined : await unlock(keys);
  const opened =
    secretKeys === undefined
      ? undefined
      : await keepIntegrity(findings, 'contents', fileName.manifest, () =>
          readManifest(sets, set, secretKeys),
        );
  if (secretKeys === undefined) await checkManifestSignature(sets, set, findings);
  const manifest = opened?.manifest;
  const entries = new Map(manifest?.files.map((file) => [file.name, file]));
  const total = set.stub.files.reduce((sum, { size }) => sum + size, 0);
  const step = progress.step(`verifying ${set.sums.size} files`, { total, unit: 'bytes' });
  const pool =
    keys === undefined || manifest === undefined
      ? undefined
      : await openWorkerPool(
          options.workers,
          {
            open: {
              secretKeys: keys.armored,
              ...(keys.passphrase === undefined ? {} : { passphrase: keys.passphrase }),
            },
          },
          signal,
        );
  const sums: TableSums = new Map();
  try {
    await inParallel([...set.sums.keys()], (pool?.size ?? options.workers) + 1, async (name) => {
      signal.throwIfAborted();
      if (findings.some(({ kind, file }) => kind === 'missing' && file === name)) return;
      const bytes = await keepIntegrity(findings, 'changed', name, () => readFile(sets, set.setId, name));
      if (bytes === undefined) return;
      step.advance(bytes.byteLength);
      if (sha256Hex(bytes) !== set.sums.get(name)) {
        addFinding(findings, { kind: 'changed', file: name, message: 'the bytes are not what was signed' });
        return;
      }
      const entry = entries.get(name);
      if (pool !== undefined && entry !== undefined) await compareFile(pool, bytes, entry, sums, findings);
    });
  } finally {
    await pool?.close();
  }
  step.done();
  if (manifest !== undefined) compareTables(manifest, sums, findings);
  return {
    opened: manifest !== undefined,
    rows: manifest === undefined ? null : addSums([...sums.values()].flat()).rows,
  };
}

async function compareFile(
  pool: WorkerPool,
  bytes: Uint8Array,
  entry: ManifestFile,
  sums: TableSums,
  findings: VerifyFinding[],
): Promise<void> {
  const owned = bytes.slice().buffer;
  const inspected = await keepIntegrity(findings, 'contents', entry.name, () =>
    pool.run(
      'inspect',
      { bytes: owned, ...(entry.headerBytes === undefined ? {} : { headerBytes: entry.headerBytes }) },
      { transfer: [owned] },
    ),
  );
  if (inspected === undefined) return;
  const isSame =
    inspected.plainSize === entry.plainSize &&
    inspected.plainSha256 === entry.plainSha256 &&
    (entry.rows ?? inspected.rows) === inspected.rows;
  if (!isSame)
    findings.push({
      kind: 'contents',
      file: entry.name,
      message: 'the text inside is not what the manifest says',
    });
  if (entry.table === undefined) return;
  const key = tableKey(entry.source, entry.table);
  sums.set(key, [...(sums.get(key) ?? []), inspected]);
}

function compareTables(manifest: Manifest, sums: TableSums, findings: VerifyFinding[]): void {
  const damaged = new Set(findings.map(({ file }) => file));
  for (const { name: source, tables } of manifest.sources) {
    for (const [index, { schema, name, rows, checksum }] of tables.entries()) {
      const files = manifest.files.filter((file) => file.source === source && file.table === index);
      // A table with a damaged part has its finding already.
      if (files.some((file) => damaged.has(file.name))) continue;
      const sum = addSums(sums.get(tableKey(source, index)) ?? []);
      if (sum.rows === rows && sum.checksum === checksum) continue;
      findings.push({
        kind: 'contents',
        file: null,
        message: `${source}: ${schema}.${name} has ${sum.rows} rows with checksum ${sum.checksum}, not ${rows} with ${checksum}`,
      });
    }
  }
}

/** By database and table: see `tableKey`. */
type TableSums = Map<string, readonly TableSum[]>;

function tableKey(source: string | undefined, table: number): string {
  return `${source ?? ''} ${table}`;
}

/** The set before this one, where it is still in the store, must be the one that the chain names. */
async function compareChain(sets: SetStore, set: SignedSet, findings: VerifyFinding[]): Promise<void> {
  const { previous } = set.stub;
  if (previous === null) return;
  const key = `${sets.prefix}${previous.setId}/${fileName.manifest}`;
  const found = await keepIntegrity(findings, 'chain', null, async () =>
    (await sets.store.head(key)) === undefined ? undefined : sets.store.get(key),
  );
  if (found === undefined || sha256Hex(found) === previous.manifestSha256) return;
  findings.push({
    kind: 'chain',
    file: null,
    message: `the set before this one, ${previous.setId}, is not the one that was there when this one was made`,
  });
}

async function checkManifestSignature(
  sets: SetStore,
  set: SignedSet,
  findings: VerifyFinding[],
): Promise<void> {
  const { verifyDetached } = await import('../crypto/openpgp-signature.ts');
  await keepIntegrity(findings, 'signature', fileName.manifestSignature, async () => {
    const manifest = await readSignedFile(sets, set, fileName.manifest);
    const signature = await readFile(sets, set.setId, fileName.manifestSignature);
    await verifyDetached(manifest, Buffer.from(signature).toString(), sets.trustedSigners);
  });
}

async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
