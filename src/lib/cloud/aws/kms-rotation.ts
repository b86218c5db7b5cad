import { setTimeout as sleep } from 'node:timers/promises';
import type { GetKeyRotationStatusCommandOutput, RotationsListEntry } from '@aws-sdk/client-kms';
import { checkRotationPeriod } from '../kms-error.ts';
import type { KeyMaterial, KmsRotation, RotationStatus } from '../kms-rotation.ts';
import { type KmsCalls, pages } from './kms-calls.ts';
import { asSdkError } from './sdk-error.ts';

/** The material inside the keys of AWS KMS. */
export function awsKmsRotation({ sdk, client, onceClient, onKey }: KmsCalls): KmsRotation {
  return {
    rotateKey: (keyId) =>
      onKey('rotating', keyId, async () => {
        const once = onceClient();
        try {
          const command = new sdk.RotateKeyOnDemandCommand({ KeyId: keyId });
          await whenNotThrottled(() => once.send(command));
        } finally {
          once.destroy();
        }
      }),

    rotationStatus: (keyId) =>
      onKey('asking for the rotation of', keyId, async () =>
        toStatus(await client.send(new sdk.GetKeyRotationStatusCommand({ KeyId: keyId }))),
      ),

    listMaterials: (keyId) =>
      onKey('listing the materials of', keyId, async () => {
        const list = (after: { readonly Marker?: string }) =>
          client.send(
            new sdk.ListKeyRotationsCommand({
              KeyId: keyId,
              IncludeKeyMaterial: 'ALL_KEY_MATERIAL',
              ...after,
            }),
          );
        const found: KeyMaterial[] = [];
        for await (const { Rotations: entries = [] } of pages(list)) found.push(...entries.map(toMaterial));
        return found.toSorted((a, b) => (a.rotated?.getTime() ?? 0) - (b.rotated?.getTime() ?? 0));
      }),

    automaticRotation: {
      enable: (keyId, periodDays) =>
        onKey('switching on the rotation of', keyId, async () => {
          checkRotationPeriod(periodDays);
          const period = { KeyId: keyId, RotationPeriodInDays: periodDays };
          await client.send(new sdk.EnableKeyRotationCommand(period));
        }),

      disable: (keyId) =>
        onKey('switching off the rotation of', keyId, async () => {
          await client.send(new sdk.DisableKeyRotationCommand({ KeyId: keyId }));
        }),
    },
  };
}

/** A request that was throttled was not carried out, so that this one may be sent again. */
async function whenNotThrottled(send: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await send();
      return;
    } catch (error) {
      if (attempt === 4 || asSdkError(error)?.name !== 'ThrottlingException') throw error;
      await sleep(250 * 2 ** attempt);
    }
  }
}

function toStatus(answer: GetKeyRotationStatusCommandOutput): RotationStatus {
  const { OnDemandRotationStartDate: inProgressSince, RotationPeriodInDays: periodDays } = answer;
  const { KeyRotationEnabled: on = false, NextRotationDate: next } = answer;
  return {
    ...(inProgressSince !== undefined && { inProgressSince }),
    automatic: on
      ? { on, ...(periodDays !== undefined && { periodDays }), ...(next !== undefined && { next }) }
      : { on },
  };
}

function toMaterial(entry: RotationsListEntry): KeyMaterial {
  const { KeyMaterialId: materialId, RotationDate: rotated, RotationType: type } = entry;
  const state = materialState(entry.KeyMaterialState);
  return {
    ...(materialId !== undefined && { materialId }),
    ...(state !== undefined && { state }),
    ...(rotated !== undefined && { rotated }),
    ...(type !== undefined && { rotation: type === 'AUTOMATIC' ? 'automatic' : 'on-demand' }),
  };
}

function materialState(state: RotationsListEntry['KeyMaterialState']): KeyMaterial['state'] {
  if (state === undefined) return undefined;
  if (state === 'CURRENT') return 'current';
  return state === 'NON_CURRENT' ? 'former' : 'pending';
}
