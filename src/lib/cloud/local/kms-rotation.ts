import { kmsUnsupported } from '../kms-error.ts';
import type { KeyMaterial, KmsRotation } from '../kms-rotation.ts';
import { findKey, type KeyEntry, materialId, usableKey, withNewVersion } from './key-ring.ts';
import type { KeyRingAccess } from './key-ring-access.ts';

/** The material of the keys of a file: a rotation is done as soon as it has begun. */
export function localKmsRotation({ location, now, read, update }: KeyRingAccess): KmsRotation {
  const rotating = (key: KeyEntry): KeyEntry => {
    if (key.usage !== 'encrypt') throw kmsUnsupported(location, key.keyId, 'be rotated: it signs');
    return key;
  };

  return {
    rotateKey: (keyId) =>
      update((ring) => {
        const { keyId: id, usage } = rotating(findKey(ring, location, keyId, now()));
        const key = withNewVersion(usableKey(ring, location, id, usage, now()), now());
        const keys = ring.keys.map((other) => (other.keyId === id ? key : other));
        return { ring: { ...ring, keys }, result: undefined };
      }),

    rotationStatus: (keyId) =>
      read((ring) => {
        rotating(findKey(ring, location, keyId, now()));
        return { automatic: { on: false } };
      }),

    listMaterials: (keyId) => read((ring) => materials(rotating(findKey(ring, location, keyId, now())))),

    automaticRotation: undefined,
  };
}

function materials(key: KeyEntry): readonly KeyMaterial[] {
  return key.versions.map(({ version, rotated }, index) => ({
    materialId: materialId(key, version),
    state: index === key.versions.length - 1 ? 'current' : 'former',
    ...(rotated !== undefined && { rotated: new Date(rotated), rotation: 'on-demand' }),
  }));
}
