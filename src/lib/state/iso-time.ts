/** An SQL expression: the timestamptz column as RFC 3339 in UTC with milliseconds, as text. */
export function isoTime(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
