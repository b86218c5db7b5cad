import { readFileSync } from 'node:fs';
import { formatByteSize } from '../../base/byte-size.ts';
import { keyringFolder } from './layout.ts';
import type { Manifest } from './manifest.ts';

/** The script that restores a set without postern. */
export function restoreScript(): string {
  return readFileSync(new URL('./restore.sh', import.meta.url), 'utf8');
}

/** What a person who finds this folder years later must know. It names no table: anybody may read it. */
export function restoreReadme(manifest: Manifest): string {
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
     DATABASE_OF_THE_SET is one of the names above, ${manifest.sources[0]?.name} unless given. It checks the signature and every file's SHA-256, makes a new database, and loads it. It needs up to
     ${formatByteSize(largest * 2)} in TMPDIR. PGHOST, PGPORT, PGUSER and the like say where the server is; the login must be
     a superuser, because objects go back to their owners. Roles that the server lacks are made without a login.

${
  manifest.keyrings.length === 0
    ? ''
    : `The wrapped keys of persons (data encryption keys, which a key management service opens) are not in this folder:
they are kept for a shorter time, in ${keyringFolder(manifest.setId)} beside the sets. Copy that folder too, and name it:
       KEYRING=PATH/OF/THAT/FOLDER sh restore.sh NEW_DATABASE
When it is gone, take the folder of a younger set: it has the keys of all persons who were not erased since. Without
any, those columns hold zeros.

`
}What the files are:

  SHA256SUMS, SHA256SUMS.asc   the SHA-256 of every file, and the signature over that list
  set.json                     what anybody may know: the set, its keys, its files
  manifest.json.pgp            encrypted: tables, rows and checksums of each, versions; sent last, it makes the set whole
  DATABASE/*.sql.zst.pgp       encrypted SQL scripts, compressed with zstd; their names sort in the order of the restore
`;
}
