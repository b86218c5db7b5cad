const armorStart = '-----BEGIN PGP ';

/** How many ASCII-armored blocks the text holds (RFC 9580 §6). */
export function countArmorBlocks(text: string): number {
  return text.split(armorStart).length - 1;
}

/** Armored text as a string, whether it came as one or as the bytes of a file; undefined for binary OpenPGP data. */
export function asArmor(data: string | Uint8Array): string | undefined {
  if (typeof data === 'string') return data;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
  return text.includes(armorStart) ? Buffer.from(text, 'latin1').toString('utf8') : undefined;
}
