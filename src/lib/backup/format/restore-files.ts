import { readFileSync } from 'node:fs';
import { formatByteSize } from '../../base/byte-size.ts';
import type { Manifest } from './manifest.ts';

/** The script that restores a set without postern. */
export function restoreScript(): string {
  return readFileSync(new URL('./restore.sh', import.meta.url), 'utf8');
}

/** What a person who finds this folder years later must know. It names no table: anybody may read it. */
export function restoreReadme(manifest: Manifest): string {
  const largest = Math.max(0, ...manifest.files.map(({ plainSize }) => plainSize));
  return `This folder is a backup set: the PostgreSQL ${Math.floor(manifest.source.serverVersionNum / 10_000)} database of the mail platform's profile
${manifest.profile}, as of ${manifest.startedAt}, encrypted with OpenPGP.

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
  4. sh restore.sh NEW_DATABASE
     It checks the signature and every file's SHA-256, makes a new database, and loads it. It needs up to
     ${formatByteSize(largest * 2)} in TMPDIR. PGHOST, PGPORT, PGUSER and the like say where the server is; the login must be
     a superuser, because objects go back to their owners. Roles that the server lacks are made without a login.

What the files are:

  SHA256SUMS, SHA256SUMS.asc   the SHA-256 of every file, and the signature over that list
  set.json                     what anybody may know: the set, its keys, its files
  manifest.json.pgp            encrypted: tables, rows and checksums of each, versions; sent last, it makes the set whole
  *.sql.zst.pgp                encrypted SQL scripts, compressed with zstd; their names sort in the order of the restore
`;
}
