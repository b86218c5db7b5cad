/**
 * Opens what `pgp_sym_encrypt` of PostgreSQL's extension pgcrypto wrote: an OpenPGP message under a passphrase (RFC
 * 4880, integrity protected). Nothing about a single value throws.
 * @returns the bytes that were encrypted, or a code: `pgcrypto-no-message` for anything else, `pgcrypto-not-opened` for
 * another passphrase, a changed message or one without integrity protection (`disable-mdc`)
 */
export async function openPgcryptoMessage(
  bytes: Uint8Array,
  passphrase: string,
): Promise<Uint8Array | { readonly problem: 'pgcrypto-no-message' | 'pgcrypto-not-opened' }> {
  const { decrypt, readMessage, enums } = await import('openpgp');
  let message: Awaited<ReturnType<typeof readMessage<Uint8Array>>>;
  try {
    message = await readMessage({ binaryMessage: bytes });
  } catch {
    return { problem: 'pgcrypto-no-message' };
  }
  if (message.packets.filterByTag(enums.packet.symEncryptedSessionKey).length === 0) {
    return { problem: 'pgcrypto-no-message' };
  }
  try {
    const { data } = await decrypt({ message, passwords: passphrase, format: 'binary' });
    return data;
  } catch {
    // Without its cause, which says nothing that helps and may say something of the value.
    return { problem: 'pgcrypto-not-opened' };
  }
}
