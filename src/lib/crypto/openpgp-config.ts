import type { PartialConfig } from 'openpgp';

/**
 * What we ask of openpgp.js: nothing in keys and signatures that gpg 2.2 cannot read, and locked secret keys whose
 * passphrase costs a guesser as much as iterated S2K allows (RFC 9580 §3.7.1.3, count octet 255: 62 MiB of hashing).
 */
export async function openpgpConfig(): Promise<PartialConfig> {
  const { enums } = await import('openpgp');
  return {
    v6Keys: false,
    aeadProtect: false,
    s2kType: enums.s2k.iterated,
    s2kIterationCountByte: 255,
    preferredSymmetricAlgorithm: enums.symmetric.aes256,
    preferredHashAlgorithm: enums.hash.sha512,
    preferredCompressionAlgorithm: enums.compression.uncompressed,
    showVersion: false,
    showComment: false,
  };
}
