import type { KeyRotateOpenpgpResult } from '../key/openpgp/results.ts';

/** What became of the key, or would, and what is left for a person to do. */
export function openpgpLines(result: KeyRotateOpenpgpResult): readonly string[] {
  const { fingerprint, role, ends, encryptionKeyId, oldKeyIds, needed, staleCopies, secretFile } = result;
  const until = ends === null ? 'without an end' : `until ${ends.slice(0, 10)}`;
  const encrypting = encryptionKeyId === null ? '' : `, new sets for its encryption key ${encryptionKeyId}`;
  const copies = staleCopies.map(
    (path) => `copy      ${path} does not open new sets: replace it by the new secret key`,
  );
  const kept = secretFile === null ? 'their secrets must be kept' : `their secrets stay in ${secretFile}`;
  return [
    `key       ${role} ${fingerprint} ${until}${encrypting}`,
    ...(role === 'recipient' && oldKeyIds.length > 0 ? [`old       ${oldKeyIds.join(', ')}: ${kept}`] : []),
    ...neededLines(needed),
    ...copies,
    ...(result.plan === null && result.outcome === 'applied'
      ? [
          `next      bring ${result.publicFiles.join()} to the backups: postern key rotate openpgp --import FILE`,
        ]
      : []),
  ];
}

function neededLines(needed: KeyRotateOpenpgpResult['needed']): readonly string[] {
  if (needed === null) return [];
  const { sets, lockedUntil, unknown } = needed;
  const locked = lockedUntil === null ? '' : `, locked until ${lockedUntil.slice(0, 10)}`;
  return [
    `needed    by ${sets} backup sets${locked}${unknown === 0 ? '' : `; ${unknown} could not be asked`}`,
    ...(sets === 0
      ? []
      : ['next      postern backup rewrap --all lets the new encryption key open them as well']),
  ];
}
