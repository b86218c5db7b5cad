// What a set looks like in its store; docs/formats/backup-set.md tells it to people.
// The numbers in front make the byte order of the names the order of the restore.

export const setFormat = 'postern-backup-set';
export const setFormatVersion = 1;

export const fileName = {
  readme: 'README.txt',
  restoreScript: 'restore.sh',
  stub: 'set.json',
  sums: 'SHA256SUMS',
  sumsSignature: 'SHA256SUMS.asc',
  signer: 'signer.asc',
  manifestSignature: 'manifest.json.pgp.asc',
  /** Sent last: it is the commit point. A folder without it is no set. */
  manifest: 'manifest.json.pgp',
  createDatabase: '00-create-database.sql.zst.pgp',
  roles: '10-roles.sql.zst.pgp',
  preData: '20-pre-data.sql.zst.pgp',
  sequences: '50-sequences.sql.zst.pgp',
  postData: '60-post-data.sql.zst.pgp',
  databaseSettings: '70-database-settings.sql.zst.pgp',
  check: '80-check.sql.zst.pgp',
} as const;

/** The name of a part of a table's rows: task and part count from 1. */
export function dataPartName(task: number, part: number): string {
  return `30-data/${String(task).padStart(6, '0')}-${String(part).padStart(5, '0')}.sql.zst.pgp`;
}

/** The name of a part of the large objects. */
export function largeObjectPartName(part: number): string {
  return `40-large-objects/${String(part).padStart(5, '0')}.sql.zst.pgp`;
}

/** Sorts by time, since the time stands first: `20260301T020000Z-9f2c41d0`. */
export function newSetId(now: Date, random: string): string {
  return `${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${random}`;
}

const setIdPattern = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

export function isSetId(text: string): boolean {
  return setIdPattern.test(text);
}

/** Where the sets of a profile are: `backup/production/`. */
export function profilePrefix(prefix: string, profile: string): string {
  return `${prefix}/${profile}/`;
}
