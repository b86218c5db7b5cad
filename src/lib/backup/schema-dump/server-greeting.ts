import type { Queryable } from '../../base/postgres.ts';

/** What the server of an open session tells each newcomer. */
export interface ServerGreeting {
  readonly backendPid: number;
  /** Names and values as in ParameterStatus messages. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The settings that PostgreSQL reports: "Asynchronous Operations" in its documentation of the protocol. */
const reported =
  'server_version server_encoding client_encoding application_name is_superuser session_authorization DateStyle ' +
  'IntervalStyle TimeZone integer_datetimes standard_conforming_strings default_transaction_read_only in_hot_standby';

/** pg_settings leaves out is_superuser, without which pg_dump would skip subscriptions. */
export async function readGreeting(client: Queryable): Promise<ServerGreeting> {
  const { rows } = await client.query<{ pid: number; parameters: Record<string, string> }>(
    `SELECT pg_backend_pid() AS pid, json_object_agg(name, setting) AS parameters
     FROM unnest(string_to_array($1, ' ')) AS name, current_setting(name, true) AS setting
     WHERE setting IS NOT NULL`,
    [reported],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without GROUP BY returned no row');
  return { backendPid: row.pid, parameters: row.parameters };
}

/**
 * The answer to a start-up packet when the session is already open: AuthenticationOk, ParameterStatus,
 * BackendKeyData (with a secret of zeros: this session is cancelled by other means) and ReadyForQuery.
 * PostgreSQL's documentation, "Message Formats".
 */
export function greetingMessages({ backendPid, parameters }: ServerGreeting): Buffer {
  return Buffer.concat([
    message('R', int32(0)),
    ...Object.entries(parameters).map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`))),
    message('K', Buffer.concat([int32(backendPid), int32(0)])),
    message('Z', Buffer.from('I')),
  ]);
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
