/**
 * The text of an auth_file of PgBouncer with the role's line replaced, or added at the end; other lines stay byte by
 * byte. With the very verifier that the server has, PgBouncer can also log in there for its clients.
 * Source: pgbouncer.org/config.html, "Authentication file format".
 */
export function withUserlistLine(text: string, role: string, verifier: string): string {
  const line = `${quoted(role)} ${quoted(verifier)}`;
  const lines = text.split('\n');
  const isOfRole = (candidate: string): boolean => candidate.trimStart().startsWith(`${quoted(role)} `);
  const first = lines.findIndex(isOfRole);
  if (first === -1) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
  return lines.flatMap((old, index) => (isOfRole(old) ? (index === first ? [line] : []) : [old])).join('\n');
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
