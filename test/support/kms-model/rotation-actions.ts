import type * as Sdk from '@aws-sdk/client-kms';
import { findKey, type KmsState, type Material, type ModelKey, needsEnabled, page } from './state.ts';
import { KmsFault, seconds, type Wire } from './wire.ts';

/** The quota of rotations on demand in a key's life ("Resource quotas", AWS KMS Developer Guide). */
const onDemandLimit = 25;

export const rotationActions = {
  RotateKeyOnDemand: rotateKeyOnDemand,
  GetKeyRotationStatus: getKeyRotationStatus,
  ListKeyRotations: listKeyRotations,
  EnableKeyRotation: enableKeyRotation,
  DisableKeyRotation: disableKeyRotation,
};

function rotateKeyOnDemand(
  state: KmsState,
  request: Wire<Sdk.RotateKeyOnDemandRequest>,
): Wire<Sdk.RotateKeyOnDemandResponse> {
  const key = rotating(state, request.KeyId);
  needsEnabled(key);
  if (key.inProgress !== undefined)
    throw new KmsFault('ConflictException', `${key.arn} has a rotation in progress.`);
  if (key.rotationsOnDemand >= onDemandLimit)
    throw new KmsFault(
      'LimitExceededException',
      `${key.arn} has been rotated ${onDemandLimit} times on demand.`,
    );
  key.rotationsOnDemand++;
  key.inProgress = { since: new Date(), callsLeft: state.behaviour.rotationCalls };
  return { KeyId: key.arn };
}

function getKeyRotationStatus(
  state: KmsState,
  request: Wire<Sdk.GetKeyRotationStatusRequest>,
): Wire<Sdk.GetKeyRotationStatusResponse> {
  const key = rotating(state, request.KeyId);
  const period = key.state === 'PendingDeletion' ? undefined : key.rotationPeriod;
  return {
    KeyId: key.arn,
    KeyRotationEnabled: period !== undefined,
    ...(period !== undefined && {
      RotationPeriodInDays: period,
      NextRotationDate: seconds(new Date(Date.now() + period * 86_400_000)),
    }),
    ...(key.inProgress && { OnDemandRotationStartDate: seconds(key.inProgress.since) }),
  };
}

function listKeyRotations(
  state: KmsState,
  request: Wire<Sdk.ListKeyRotationsRequest>,
): Wire<Sdk.ListKeyRotationsResponse> {
  const key = rotating(state, request.KeyId);
  const all = request.IncludeKeyMaterial === 'ALL_KEY_MATERIAL';
  // The reference promises no order: newest first, so that nobody takes it for granted.
  const listed = key.materials.filter(({ rotated }) => all || rotated !== undefined).toReversed();
  const { items, mark } = page(state, listed, request.Marker);
  return { Rotations: items.map((material) => entry(key, material)), ...mark };
}

function enableKeyRotation(state: KmsState, request: Wire<Sdk.EnableKeyRotationRequest>): undefined {
  const key = rotating(state, request.KeyId);
  needsEnabled(key);
  key.rotationPeriod = request.RotationPeriodInDays ?? 365;
}

function disableKeyRotation(state: KmsState, request: Wire<Sdk.DisableKeyRotationRequest>): undefined {
  const key = rotating(state, request.KeyId);
  needsEnabled(key);
  delete key.rotationPeriod;
}

function rotating(state: KmsState, keyId: string | undefined): ModelKey {
  const key = findKey(state, keyId);
  if (key.usage === 'ENCRYPT_DECRYPT') return key;
  throw new KmsFault('UnsupportedOperationException', `${key.arn} key spec does not support rotation.`);
}

function entry(key: ModelKey, material: Material): Wire<Sdk.RotationsListEntry> {
  return {
    KeyId: key.arn,
    KeyMaterialId: material.id,
    KeyMaterialState: material === key.materials.at(-1) ? 'CURRENT' : 'NON_CURRENT',
    ...(material.rotated && { RotationDate: seconds(material.rotated) }),
    ...(material.type && { RotationType: material.type }),
  };
}
