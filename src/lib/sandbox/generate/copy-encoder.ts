// PostgreSQL's binary COPY format: no escaping on our side and no parsing on the server's.
// https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format"

/** How a column travels. `ascii` is text without any other characters; `timestamptz` is in ms, `date` in days since 1970. */
export type CopyType =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'text'
  | 'ascii'
  | 'text[]'
  | 'jsonb'
  | 'bytea'
  | 'uuid'
  | 'inet'
  | 'cidr'
  | 'timestamptz'
  | 'date';

/** A value for a column; `inet` and `cidr` are IPv4 in text. */
export type CopyValue = string | number | boolean | Buffer | readonly string[] | null;

export interface CopyEncoder {
  row(values: readonly CopyValue[]): void;
  /** What is ready to be sent once it is at least `threshold` bytes; the rest and the trailer with `finish`. */
  take(): Buffer | undefined;
  finish(): Buffer;
}

/** Chunks of this many bytes or more: many tiny ones cost more than the data. */
const threshold = 512 * 1024;
const signature = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const epochMs = Date.UTC(2000, 0, 1);
const epochDays = epochMs / 86_400_000;

/** An encoder for rows of these types, for one COPY. */
export function createCopyEncoder(types: readonly CopyType[]): CopyEncoder {
  let buffer = Buffer.allocUnsafeSlow(threshold * 2);
  let end = signature.copy(buffer);

  const reserve = (bytes: number): void => {
    if (end + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, end + bytes));
    buffer.copy(larger, 0, 0, end);
    buffer = larger;
  };
  const sized = (size: number): void => {
    end = buffer.writeInt32BE(size, end);
  };
  const string = (text: string, encoding: 'latin1' | 'utf8'): void => {
    reserve(8 + text.length * 3);
    const size = buffer.write(text, end + 4, encoding);
    buffer.writeInt32BE(size, end);
    end += 4 + size;
  };
  const int64 = (value: number): void => {
    sized(8);
    end = buffer.writeInt32BE(Math.floor(value / 2 ** 32), end);
    end = buffer.writeUInt32BE(value - Math.floor(value / 2 ** 32) * 2 ** 32, end);
  };
  const bytes = (value: Buffer): void => {
    reserve(4 + value.length);
    sized(value.length);
    end += value.copy(buffer, end);
  };

  const write: Readonly<Record<CopyType, (value: never) => void>> = {
    bool: (value: boolean) => {
      sized(1);
      end = buffer.writeUInt8(value ? 1 : 0, end);
    },
    int2: (value: number) => {
      sized(2);
      end = buffer.writeInt16BE(value, end);
    },
    int4: (value: number) => {
      sized(4);
      end = buffer.writeInt32BE(value, end);
    },
    int8: int64,
    text: (value: string) => string(value, 'utf8'),
    ascii: (value: string) => string(value, 'latin1'),
    'text[]': (values: readonly string[]) => {
      reserve(64);
      const start = end;
      end += 4;
      for (const number of [values.length === 0 ? 0 : 1, 0, 25]) end = buffer.writeInt32BE(number, end);
      if (values.length > 0) for (const number of [values.length, 1]) end = buffer.writeInt32BE(number, end);
      for (const value of values) string(value, 'utf8');
      buffer.writeInt32BE(end - start - 4, start);
    },
    jsonb: (value: string) => string(`\u0001${value}`, 'utf8'),
    bytea: bytes,
    uuid: (value: string) => bytes(Buffer.from(value.replaceAll('-', ''), 'hex')),
    inet: (value: string) => bytes(address(value, false)),
    cidr: (value: string) => bytes(address(value, true)),
    timestamptz: (value: number) => int64(Math.round((value - epochMs) * 1000)),
    date: (value: number) => {
      sized(4);
      end = buffer.writeInt32BE(value - epochDays, end);
    },
  };

  return {
    row(values) {
      reserve(2 + values.length * 12);
      end = buffer.writeInt16BE(types.length, end);
      for (let column = 0; column < types.length; column += 1) {
        const value = values[column];
        if (value === undefined) throw new Error(`column ${column} of ${types.length} has no value`);
        reserve(16);
        if (value === null) sized(-1);
        else write[types[column] as CopyType](value as never);
      }
    },
    take() {
      if (end < threshold) return undefined;
      const full = buffer.subarray(0, end);
      buffer = Buffer.allocUnsafeSlow(threshold * 2);
      end = 0;
      return full;
    },
    finish() {
      reserve(2);
      end = buffer.writeInt16BE(-1, end);
      return buffer.subarray(0, end);
    },
  };
}

function address(text: string, isCidr: boolean): Buffer {
  const [host = '', bits = '32'] = text.split('/');
  return Buffer.from([2, Number(bits), isCidr ? 1 : 0, 4, ...host.split('.').map(Number)]);
}
