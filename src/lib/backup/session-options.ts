import type { Queryable } from '../base/postgres.ts';

/** Settings that a session of this URL begins with, whatever role and database have: `{TimeZone: 'UTC'}`. */
export function withSessionOptions(url: string, settings: Readonly<Record<string, string>>): string {
  const changed = new URL(url);
  const options = [
    changed.searchParams.get('options') ?? '',
    ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`),
  ];
  changed.searchParams.set('options', options.join(' ').trim());
  return changed.toString();
}

/**
 * How expressions are written that hold such values: defaults, checks, the bounds of partitions. pg_dump leaves these
 * settings as they are, and then the same schema reads differently before and after a restore.
 */
export const schemaTextSettings = {
  quote_all_identifiers: 'off',
  bytea_output: 'hex',
  TimeZone: 'UTC',
  lc_monetary: 'C',
  standard_conforming_strings: 'on',
} as const;

/** A URL for pg_dump, with options only where a session would differ: some poolers between us and the server know none. */
export async function schemaDumpUrl(db: Queryable, url: string): Promise<string> {
  const names = Object.keys(schemaTextSettings);
  const { rows } = await db.query<{ name: string; value: string }>(
    // What a session begins with: this one may have set others since.
    'select name, reset_val as value from pg_catalog.pg_settings where name = any($1::pg_catalog.text[])',
    [names],
  );
  const current = new Map(rows.map(({ name, value }) => [name, value === 'Etc/UTC' ? 'UTC' : value]));
  const differing = Object.entries(schemaTextSettings).filter(([name, value]) => current.get(name) !== value);
  return differing.length === 0 ? url : withSessionOptions(url, Object.fromEntries(differing));
}
