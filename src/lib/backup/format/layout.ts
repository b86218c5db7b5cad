// What a set looks like in its store; docs/formats/backup-set.md tells it to people.
// The numbers in front make the byte order of the names, within a database's folder, the order of the restore.

export const setFormat = 'postern-backup-set';
export const setFormatVersion = 2;

export const fileName = {
  readme: 'README.txt',
  restoreScript: 'restore.sh',
  stub: 'set.json',
  sums: 'SHA256SUMS',
  sumsSignature: 'SHA256SUMS.asc',
  signer: 'signer.asc',
  manifestSignature: 'manifest.json.pgp.asc',
  /** Only where a key management service keeps what opens the set. */
  sessionKeys: 'session-keys.json.zst.pgp',
  /** Sent last: it is the commit point. A folder without it is no set. */
  manifest: 'manifest.json.pgp',
} as const;

/** The scripts of one database, inside its own folder. */
const scriptName = {
  'create-database': '00-create-database',
  roles: '10-roles',
  'pre-data': '20-pre-data',
  sequences: '50-sequences',
  'post-data': '60-post-data',
  'database-settings': '70-database-settings',
  check: '80-check',
} as const;

export type ScriptKind = keyof typeof scriptName;

/** `platform/20-pre-data.sql.zst.pgp` */
export function scriptPath(source: string, kind: ScriptKind): string {
  return `${source}/${scriptName[kind]}.sql.zst.pgp`;
}

/** The name of a part of a table's rows: task and part count from 1. */
export function dataPartName(source: string, task: number, part: number): string {
  return `${source}/30-data/${String(task).padStart(6, '0')}-${String(part).padStart(5, '0')}.sql.zst.pgp`;
}

/** The name of a part of the large objects. */
export function largeObjectPartName(source: string, part: number): string {
  return `${source}/40-large-objects/${String(part).padStart(5, '0')}.sql.zst.pgp`;
}

/** The name of a part of the archive of mail objects; parts count from 1. */
export function objectsPartName(part: number): string {
  return `objects/${String(part).padStart(6, '0')}.tar.zst.pgp`;
}

/** The name of a file of the index of mail objects, in the order of the index. */
export function objectsIndexName(part: number): string {
  return `objects/index-${String(part).padStart(5, '0')}.jsonl.zst.pgp`;
}

/**
 * The name of a part of a database's keyring, which lies beside the sets, because it goes earlier than they do:
 * `keyrings/20260301T020000Z-9f2c41d0/platform-00001-00001.sql.zst.pgp`. Table and part count from 1.
 */
export function keyringPartName(setId: string, source: string, table: number, part: number): string {
  return `${keyringFolder(setId)}${source}-${String(table).padStart(5, '0')}-${String(part).padStart(5, '0')}.sql.zst.pgp`;
}

/** Where the keyrings of a set are, beside the sets. */
export function keyringFolder(setId: string): string {
  return `keyrings/${setId}/`;
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
