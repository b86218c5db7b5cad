import { describe, expect, test } from 'vitest';
import { readStartupPacket } from './startup-packet.ts';

describe('a start-up packet', () => {
  const packet = (code: number, body: string) => {
    const bytes = Buffer.alloc(8 + Buffer.byteLength(body));
    bytes.writeUInt32BE(bytes.length);
    bytes.writeUInt32BE(code, 4);
    bytes.write(body, 8);
    return bytes;
  };
  const startup = packet(196_608, 'user\0me\0application_name\0postern backup\0\0');
  const sslRequest = packet(80_877_103, '');

  test('tells its parameters, also after a request for encryption, and asks for more bytes until it is whole', () => {
    const parameters = { user: 'me', application_name: 'postern backup' };
    const whole = Buffer.concat([sslRequest, startup]);
    for (const bytes of [startup, whole]) {
      expect(Object.fromEntries(readStartupPacket(bytes) ?? [])).toEqual(parameters);
    }
    for (let length = 0; length < whole.length; length += 1) {
      expect(readStartupPacket(whole.subarray(0, length))).toBeUndefined();
    }
  });

  test('is not seen in TLS, HTTP or a cancel request', () => {
    for (const bytes of [
      Buffer.concat([sslRequest, Buffer.from('160301020001000001', 'hex')]),
      Buffer.from('PUT /key HTTP/1.1\r\n'),
      packet(80_877_102, 'pid+key.'),
    ]) {
      expect(readStartupPacket(bytes)?.size).toBe(0);
    }
  });
});
