import { readFileSync } from 'node:fs';
import { formatByteSize } from '../../base/byte-size.ts';
import { rewrapFolder } from '../keys/rewrap-name.ts';
import { fileName, keyringFolder } from './layout.ts';
import type { Manifest, WrappedByKms } from './manifest.ts';

/** The script that restores a set without postern. */
export function restoreScript(): string {
  return readFileSync(new URL('./restore.sh', import.meta.url), 'utf8');
}

/** What a person who finds this folder years later must know. It names no table: anybody may read it. */
export function restoreReadme(manifest: Manifest, kms?: WrappedByKms): string {
  const files = [...manifest.files, ...manifest.keyrings];
  const largest = files.reduce((size, { plainSize }) => Math.max(size, plainSize), 0);
  const databases = manifest.sources.map(
    ({ name, serverVersionNum }) => `${name} (PostgreSQL ${Math.floor(serverVersionNum / 10_000)})`,
  );
  return `This folder is a backup set of the mail platform's profile ${manifest.profile}, as of ${manifest.startedAt}, encrypted with
OpenPGP. Its databases: ${databases.join(', ')}.

  set        ${manifest.setId}
  made by    ${manifest.tool}
  signed by  ${manifest.signer}
  opens with ${manifest.recipients.join('\n             ')}

To restore it you need nothing of postern: gpg, zstd, psql, sha256sum, a PostgreSQL server of the same major
version or a newer one, and the secret half of one of the keys above in your gpg keyring.

  1. Copy the whole folder to a disk.
  2. Compare the fingerprint of the signing key with your records, and import it:
       gpg --show-keys signer.asc
       gpg --import signer.asc
  3. Let the signature vouch for every file, restore.sh included, before you run anything:
       gpg --verify SHA256SUMS.asc SHA256SUMS
       sha256sum --check --strict --quiet SHA256SUMS
  4. sh restore.sh NEW_DATABASE [DATABASE_OF_THE_SET]
     DATABASE_OF_THE_SET is one of the names above, ${manifest.sources[0]?.name} unless given. It checks the signature
     and every file's SHA-256, makes a new database, and loads it. It needs up to ${formatByteSize(largest * 2)} in TMPDIR.
     PGHOST, PGPORT, PGUSER and the like say where the server is; the login must be a superuser, because objects go
     back to their owners. Roles that the server lacks are made without a login.

Where the store is a folder on a disk that postern keeps, the set is there twice, as hard links: take it from below
objects/, where every file has its own name. versions/ has every version under encoded names, for postern itself.

${
  manifest.keyrings.length === 0
    ? ''
    : `The wrapped keys of persons (data encryption keys, which a key management service opens) are not in this folder:
they are kept for a shorter time, in ${keyringFolder(manifest.setId)} beside the sets.
Copy that folder too, and name it:
       KEYRING=PATH/OF/THAT/FOLDER sh restore.sh NEW_DATABASE
When it is gone, take the folder of a younger set: it has the keys of all persons who were not erased since. Without
any, those columns hold zeros.

`
}${mailObjects(manifest)}${otherKeys(manifest, kms)}
What the files are:

  SHA256SUMS, SHA256SUMS.asc   the SHA-256 of every file, and the signature over that list
  set.json                     what anybody may know: the set, its keys, its files
  manifest.json.pgp            encrypted: tables, rows and checksums of each; sent last, it makes the set whole
  DATABASE/*.sql.zst.pgp       encrypted SQL scripts, compressed with zstd; their names sort in the order of the restore
${
  manifest.objects === null
    ? ''
    : `  objects/NNNNNN.tar.zst.pgp   encrypted, compressed parts of one tar archive
  objects/index-*.jsonl.zst.pgp   encrypted: every mail object, one a line, and which set holds its bytes
`
}`;
}

/** How stock programs get the mail objects back. */
function mailObjects({ objects }: Manifest): string {
  if (objects === null) return '';
  const base = objects.base.map(({ setId }) => `\n       ${setId}`).join('');
  const order =
    base === ''
      ? `All of them are in this folder.`
      : `Objects that had not changed are in earlier sets. Do the same in each of these first, in this order, then here:${base}`;
  return `The mail objects (bodies, attachments) are files of a tar archive. To unpack them with restore.sh, tar besides:
       OBJECTS=NEW_FOLDER sh restore.sh
${order}
NEW_FOLDER then has BUCKET/KEY for each object; BUCKET.keys/ has those whose key cannot be the name of a file, under
the SHA-256 of the key. What objects/index-*.jsonl does not list, or lists as missing, is not part of this set. Content
types and metadata are extended attributes, which \`tar --xattrs\` restores.

`;
}

/** What opens the set besides the secret half of a key that it was made for. */
function otherKeys({ setId }: Manifest, kms: WrappedByKms | undefined): string {
  const bySessionKeys = `       SESSION_KEYS=PATH/OF/session-keys.json sh restore.sh NEW_DATABASE
`;
  const byService = `Without a secret key: the key management service opens it, for whoever may decrypt with its key
${kms?.keyId}. For AWS KMS, with jq and aws besides:
       jq -r .kms.wrappedKey set.json | base64 -d > wrapped-key
       aws kms decrypt --key-id "$(jq -r .kms.keyId set.json)" --ciphertext-blob fileb://wrapped-key \\
         --encryption-context "$(jq -c .kms.context set.json)" --query Plaintext --output text | base64 -d |
         gpg --batch --logger-file /dev/null --override-session-key-fd 0 --output session-keys.zst \\
           --decrypt ${fileName.sessionKeys}
       zstd -d session-keys.zst -o session-keys.json
${bySessionKeys}`;
  return `${kms === undefined ? '' : `${byService}\n`}With a key that this set was not made for: somebody may have wrapped it again for that key. The newest file in
${rewrapFolder(setId)} beside the sets that gpg opens, decrypted and unpacked, is such a list of
session keys. Check its signature first (gpg --verify NAME.asc NAME); jq is needed besides.
${bySessionKeys}`;
}
