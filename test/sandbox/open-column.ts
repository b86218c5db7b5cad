import { createDecipheriv, hkdfSync } from 'node:crypto';

/** Decrypts a value of mail.oauth_tokens by docs/formats/column-value.md alone, not by the code that encrypted it. */
export function openColumn(value: Buffer, dataKey: Buffer, id: string, account: string): string {
  const [header, suite, keyId, salt] = [
    value.subarray(0, 54),
    value.subarray(4, 6),
    value.subarray(6, 22),
    value.subarray(22, 54),
  ];
  const derived = Buffer.from(hkdfSync('sha512', dataKey, salt, Buffer.concat([suite, keyId]), 76));
  if (!derived.subarray(44).equals(value.subarray(54, 86))) throw new Error('the commitment differs');
  const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32, 44));
  const fields = [header, ...['oauth_token', 'refresh_token', id, account].map((text) => Buffer.from(text))];
  const lengths = fields.map((field) => Buffer.from([0, 0, 0, field.length]));
  decipher.setAAD(Buffer.concat(fields.flatMap((field, index) => [lengths[index] as Buffer, field])));
  decipher.setAuthTag(value.subarray(-16));
  return Buffer.concat([decipher.update(value.subarray(86, -16)), decipher.final()]).toString();
}
