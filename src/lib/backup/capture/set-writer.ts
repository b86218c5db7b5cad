import { releaseMemory } from '../../base/release-memory.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../crypto/canonical-json.ts';
import { type SessionKey, wipeSessionKey } from '../../crypto/openpgp-session-key.ts';
import { signDetached } from '../../crypto/openpgp-signature.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import type { BackupContext } from '../context.ts';
import { fileName, type ScriptKind, scriptPath } from '../format/layout.ts';
import type { Manifest, ManifestFile, Stub } from '../format/manifest.ts';
import { restoreReadme, restoreScript } from '../format/restore-files.ts';
import type { KmsList } from '../keys/kms-list.ts';
import { type SealedFile, type SealOptions, sealWhole } from '../worker/part-writer.ts';
import type { LockKind, SetCopies } from './copies.ts';

type Entry = Omit<ManifestFile, 'size' | 'sha256' | 'plainSize' | 'plainSha256' | 'copies'>;

/** The files of one set on their way into the stores. */
export interface SetWriter {
  readonly setId: string;
  /** What was stored so far in the set's folder. */
  readonly files: readonly ManifestFile[];
  /** What was stored so far beside it. */
  readonly keyrings: readonly ManifestFile[];
  /** Stores an encrypted file; never over another one. */
  put(sealed: SealedFile, entry: Entry): Promise<void>;
  /** The same for a part of a keyring, which gets its own lock and its own signature. */
  putKeyring(sealed: SealedFile, entry: Entry): Promise<void>;
  /** Seals a script and stores it. */
  putScript(source: string, kind: ScriptKind, text: string | Uint8Array): Promise<void>;
  /**
   * Signs and sends what remains, the manifest last: from then on the set exists, in each destination that has it.
   * @param beforeManifest is told the manifest's SHA-256 before anybody can see it
   */
  commit(
    manifest: Manifest,
    beforeManifest: (manifestSha256: string) => Promise<void>,
  ): Promise<CommittedSet>;
}

export interface CommittedSet {
  readonly manifestSha256: string;
  readonly bytes: number;
}

/** @param kmsList gathers the session keys of all files, where a key management service wraps them */
export function setWriter(
  context: BackupContext,
  setId: string,
  copies: SetCopies,
  kmsList?: KmsList,
): SetWriter {
  const { options, recipients, signer } = context;
  const seal: SealOptions = { recipients, level: options.level, verify: options.verifyBeforeUpload };
  const files: ManifestFile[] = [];
  const keyrings: ManifestFile[] = [];
  const store = (
    name: string,
    body: Uint8Array,
    sha256 = sha256Hex(body),
    lock: LockKind = 'set',
  ): Promise<ManifestFile['copies']> => {
    context.signal.throwIfAborted();
    return copies.put(`${setId}/${name}`, body, sha256, lock);
  };
  const keep = (name: string, sessionKey: SessionKey): void => {
    if (kmsList === undefined) wipeSessionKey(sessionKey);
    else kmsList.add(name, sessionKey);
  };
  const put: SetWriter['put'] = async (
    { bytes, size, sha256, plainSize, plainSha256, sessionKey },
    entry,
  ) => {
    const stored = await store(entry.name, bytes, sha256, lockOf(entry));
    releaseMemory(bytes);
    keep(entry.name, sessionKey);
    files.push({ ...entry, size, sha256, plainSize, plainSha256, copies: stored });
  };
  return {
    setId,
    files,
    keyrings,
    put,
    putKeyring: async ({ bytes, size, sha256, plainSize, plainSha256, sessionKey }, entry) => {
      context.signal.throwIfAborted();
      const signature = Buffer.from(await signDetached(bytes, signer));
      await copies.put(`${entry.name}.asc`, signature, sha256Hex(signature), 'keyring');
      const stored = await copies.put(entry.name, bytes, sha256, 'keyring');
      keep(entry.name, sessionKey);
      keyrings.push({ ...entry, size, sha256, plainSize, plainSha256, copies: stored });
    },
    putScript: async (source, kind, text) => {
      // A dump is bytes in the database's encoding and says so; a text of ours is UTF-8 and must say so too.
      const script = typeof text === 'string' ? Buffer.from(`SET client_encoding = 'UTF8';\n${text}`) : text;
      await put(await sealWhole(script, seal), { name: scriptPath(source, kind), kind, source });
    },
    commit: async (manifest, beforeManifest) => {
      const sealedManifest = await sealWhole(Buffer.from(canonicalJson(manifest as unknown as JsonValue)), {
        ...seal,
        verify: true,
      });
      keep(fileName.manifest, sealedManifest.sessionKey);
      const sealedKeys = await kmsList?.seal(sealedManifest.sha256, seal);
      if (sealedKeys !== undefined) wipeSessionKey(sealedKeys.sessionKey);
      const clear: Record<string, Uint8Array> = {
        ...(sealedKeys === undefined ? {} : { [fileName.sessionKeys]: sealedKeys.bytes }),
        [fileName.readme]: Buffer.from(restoreReadme(manifest, kmsList?.wrapped)),
        [fileName.restoreScript]: Buffer.from(restoreScript()),
        [fileName.signer]: Buffer.from(signer.publicKey),
      };
      const listed = [
        ...files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
        ...Object.entries(clear).map(([name, body]) => ({
          name,
          size: body.byteLength,
          sha256: sha256Hex(body),
        })),
        { name: fileName.manifest, size: sealedManifest.size, sha256: sealedManifest.sha256 },
      ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const stub: Stub = {
        format: manifest.format,
        version: manifest.version,
        setId,
        profile: manifest.profile,
        finishedAt: manifest.finishedAt,
        recipients: manifest.recipients,
        signer: manifest.signer,
        previous: manifest.previous,
        base: manifest.objects?.base.map((set) => set.setId) ?? [],
        files: listed,
        ...(kmsList === undefined ? {} : { kms: kmsList.wrapped }),
      };
      clear[fileName.stub] = Buffer.from(canonicalJson(stub as JsonObject));
      const sums = Buffer.from(
        [...listed, { name: fileName.stub, sha256: sha256Hex(clear[fileName.stub] ?? Buffer.alloc(0)) }]
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name, sha256 }) => `${sha256}  ${name}\n`)
          .join(''),
      );
      clear[fileName.sums] = sums;
      clear[fileName.sumsSignature] = Buffer.from(await signDetached(sums, signer));
      clear[fileName.manifestSignature] = Buffer.from(await signDetached(sealedManifest.bytes, signer));
      // What vouches for mail objects must be there as long as they are.
      const lock = files.some((file) => lockOf(file) === 'objects') ? 'objects' : 'set';
      for (const [name, body] of Object.entries(clear)) await store(name, body, sha256Hex(body), lock);
      await beforeManifest(sealedManifest.sha256);
      context.signal.throwIfAborted();
      await copies.commit(`${setId}/${fileName.manifest}`, sealedManifest.bytes, sealedManifest.sha256, lock);
      const bytes = listed.reduce((sum, { size }) => sum + size, 0);
      return { manifestSha256: sealedManifest.sha256, bytes };
    },
  };
}

function lockOf({ kind }: Pick<Entry, 'kind'>): LockKind {
  return kind === 'objects' || kind === 'objects-index' ? 'objects' : 'set';
}
