/** The part of a schema that goes before the rows (tables, functions…), or after (indexes, constraints, triggers…). */
export type SchemaSection = 'pre-data' | 'post-data';

export interface PgDumpOptions {
  readonly section: SchemaSection;
  /** A snapshot that a holder session exports: what `pg_export_snapshot()` returned. */
  readonly snapshot?: string | undefined;
  /** PostgreSQL's name of the server encoding, so that nothing is converted on the way. */
  readonly encoding: string;
  /** Milliseconds to wait for a table that somebody has locked exclusively. */
  readonly lockWaitTimeout: number;
}

/**
 * pg_dump's options for one section of a schema. Owners, grants, comments, security labels, publications and
 * subscriptions are kept, because pg_dump keeps them unless told otherwise.
 */
export function pgDumpArguments(
  major: number,
  { section, snapshot, encoding, lockWaitTimeout }: PgDumpOptions,
): readonly string[] {
  return [
    '--format=plain',
    `--section=${section}`,
    `--encoding=${encoding}`,
    `--lock-wait-timeout=${lockWaitTimeout}`,
    // Large objects; the long name differs between versions.
    '-B',
    '--no-sync',
    '--no-password',
    ...(major >= 18 ? ['--no-statistics'] : []),
    ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
  ];
}
