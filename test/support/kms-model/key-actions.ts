import type * as Sdk from '@aws-sdk/client-kms';
import { account, findKey, type KmsState, type ModelKey, needsNotPending, newKey, page } from './state.ts';
import { KmsFault, seconds, type Wire } from './wire.ts';

type KeyRequest = Wire<{ KeyId: string | undefined }>;

export const keyActions = {
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listKeys,
  EnableKey: enableKey,
  DisableKey: disableKey,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  CancelKeyDeletion: cancelKeyDeletion,
  GetKeyLastUsage: getKeyLastUsage,
};

function createKey(state: KmsState, request: Wire<Sdk.CreateKeyRequest>): Wire<Sdk.CreateKeyResponse> {
  const usage = request.KeyUsage === 'SIGN_VERIFY' ? 'SIGN_VERIFY' : 'ENCRYPT_DECRYPT';
  const spec = usage === 'SIGN_VERIFY' ? 'ECC_NIST_P256' : 'SYMMETRIC_DEFAULT';
  if ((request.KeySpec ?? 'SYMMETRIC_DEFAULT') !== spec)
    throw new KmsFault(
      'ValidationException',
      `KeyUsage ${usage} is not compatible with KeySpec ${request.KeySpec}`,
    );
  const key = newKey(usage, request.Description ?? '');
  key.unknownCalls = state.behaviour.newKeyCalls;
  state.keys.set(key.id, key);
  return { KeyMetadata: metadata(key) };
}

function describeKey(state: KmsState, request: KeyRequest): Wire<Sdk.DescribeKeyResponse> {
  return { KeyMetadata: metadata(findKey(state, request.KeyId)) };
}

function listKeys(state: KmsState, request: Wire<Sdk.ListKeysRequest>): Wire<Sdk.ListKeysResponse> {
  const { items, mark } = page(state, [...state.keys.values()], request.Marker);
  return { Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...mark };
}

function enableKey(state: KmsState, request: KeyRequest): undefined {
  setState(state, request, 'Enabled');
}

function disableKey(state: KmsState, request: KeyRequest): undefined {
  setState(state, request, 'Disabled');
}

function setState(state: KmsState, request: KeyRequest, next: 'Enabled' | 'Disabled'): void {
  const key = findKey(state, request.KeyId);
  needsNotPending(key);
  key.lateState = { state: key.state, callsLeft: state.behaviour.lateStateCalls };
  key.state = next;
}

function scheduleKeyDeletion(
  state: KmsState,
  request: Wire<Sdk.ScheduleKeyDeletionRequest>,
): Wire<Sdk.ScheduleKeyDeletionResponse> {
  const key = findKey(state, request.KeyId);
  needsNotPending(key);
  const days = request.PendingWindowInDays ?? 30;
  if (days < 7 || days > 30) throw new KmsFault('ValidationException', 'PendingWindowInDays must be 7 to 30');
  key.state = 'PendingDeletion';
  key.deletionDate = new Date(Date.now() + days * 86_400_000);
  return {
    KeyId: key.arn,
    DeletionDate: seconds(key.deletionDate),
    KeyState: 'PendingDeletion',
    PendingWindowInDays: days,
  };
}

function cancelKeyDeletion(state: KmsState, request: KeyRequest): Wire<Sdk.CancelKeyDeletionResponse> {
  const key = findKey(state, request.KeyId);
  if (key.state !== 'PendingDeletion')
    throw new KmsFault('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
  key.state = 'Disabled';
  delete key.deletionDate;
  return { KeyId: key.arn };
}

function getKeyLastUsage(state: KmsState, request: KeyRequest): Wire<Sdk.GetKeyLastUsageResponse> {
  const { id, created, lastUse } = findKey(state, request.KeyId);
  const ago = (date: Date) => seconds(new Date(date.getTime() - state.behaviour.usesAgo));
  return {
    KeyId: id,
    KeyCreationDate: seconds(created),
    TrackingStartDate: ago(created),
    KeyLastUsage: lastUse ? { Operation: lastUse.operation, Timestamp: ago(lastUse.at) } : {},
  };
}

function metadata(key: ModelKey): Wire<Sdk.KeyMetadata> {
  const material = key.materials.at(-1);
  return {
    AWSAccountId: account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: seconds(key.created),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.deletionDate && { DeletionDate: seconds(key.deletionDate) }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: key.usage === 'SIGN_VERIFY' ? 'ECC_NIST_P256' : 'SYMMETRIC_DEFAULT',
    MultiRegion: false,
    ...(material && { CurrentKeyMaterialId: material.id }),
  };
}
