import { createCipheriv, createHash, hkdfSync } from 'node:crypto';

/** Which value this is: bound to the ciphertext, so that it does not decrypt in another place. */
export interface ColumnPlace {
  /** Names that survive a renaming: `oauth_token`, `refresh_token`. */
  readonly table: string;
  readonly column: string;
  readonly primaryKey: string;
  readonly subject: string;
}

export interface ColumnSecret {
  /** 32 bytes. */
  readonly dataKey: Buffer;
  /** 16 bytes: the keyring row's UUID. */
  readonly keyId: Buffer;
  /** 32 bytes, never used twice with the same data key. */
  readonly salt: Buffer;
}

/** The first four bytes of every encrypted column value. */
export const columnMagic = Buffer.from('PSTN');

/**
 * Encrypts a column value in suite 1: magic 4, version 1, suite 1, key id 16, salt 32, commitment 32, ciphertext, tag
 * 16. HKDF-SHA-512 over the data key gives the AES-256-GCM key, the nonce and the commitment.
 */
export function sealColumn(
  plaintext: Buffer,
  { dataKey, keyId, salt }: ColumnSecret,
  place: ColumnPlace,
): Buffer {
  const suite = Buffer.from([1, 1]);
  const header = Buffer.concat([columnMagic, suite, keyId, salt]);
  const derived = Buffer.from(hkdfSync('sha512', dataKey, salt, Buffer.concat([suite, keyId]), 76));
  const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32, 44));
  const names = [place.table, place.column, place.primaryKey, place.subject];
  cipher.setAAD(additionalData([header, ...names.map((name) => Buffer.from(name))]));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, derived.subarray(44, 76), ciphertext, cipher.getAuthTag()]);
}

/** Each field after its length, so that no two lists of fields join to the same bytes. */
function additionalData(fields: readonly Buffer[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field.length);
      return [length, field];
    }),
  );
}

/** A hash that looks like a password's, of nobody's password. */
export function fakePasswordHash(seed: number, id: number): string {
  const digest = createHash('sha256').update(`${seed}:${id}`).digest('base64').replace(/=+$/, '');
  return `$scrypt$ln=16,r=8,p=1$${digest.slice(0, 22)}$${digest}`;
}
