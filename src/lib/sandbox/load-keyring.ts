import type { Client } from '../base/postgres.ts';
import type { Kms } from '../cloud/kms.ts';
import type { KmsAdmin } from '../cloud/kms-admin.ts';
import type { CopyValue } from './generate/copy-encoder.ts';
import { subjectKeys } from './generate/keyring.ts';
import { historyStart, type World } from './generate/world.ts';
import { loadTable } from './load.ts';

const batch = 500;

/**
 * Wraps every account's data key with a new key of the KMS and loads the keyring. The wrapped bytes differ from
 * sandbox to sandbox, because the KMS is real.
 */
export async function loadKeyring(
  client: Client,
  world: World,
  { kms, signal }: { readonly kms: Kms & KmsAdmin; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const { keyId, arn } = await kms.createKey({
    usage: 'encrypt',
    description: 'sandbox: data keys of accounts',
  });
  const rows: CopyValue[][] = [];
  for (let start = 0; start < world.counts.accounts; start += batch) {
    signal?.throwIfAborted();
    const indexes = Array.from(
      { length: Math.min(batch, world.counts.accounts - start) },
      (_, offset) => start + offset,
    );
    const wrapped = indexes.flatMap((index) =>
      subjectKeys(world, index).map(async ({ id, accountId, version, state, dataKey }) => {
        const bytes = Buffer.from(
          await kms.encrypt(keyId, dataKey, { account: String(accountId), version: String(version) }),
        );
        return [id, accountId, version, state, arn, bytes, historyStart + accountId * 1000];
      }),
    );
    rows.push(...(await Promise.all(wrapped)));
  }
  const data = {
    table: 'mail.subject_keys',
    columns: {
      id: 'uuid',
      account_id: 'int8',
      version: 'int4',
      state: 'text',
      kms_key: 'text',
      wrapped_dek: 'bytea',
      created_at: 'timestamptz',
    },
    rows: () => rows,
  } as const;
  return loadTable(client, data, {
    onRows: () => {},
    signal,
    freeze: 'rows',
  });
}
