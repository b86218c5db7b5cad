import type { RewrapContext } from '../backup/keys/rewrap.ts';
import { readRecipient } from '../crypto/openpgp-recipient.ts';
import { backupSigner, requireSecretKeys, setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';
import { destinations } from './destinations.ts';
import { operationContext } from './operation-context.ts';
import { readInput } from './plan-signature.ts';

/** All that a rewrap needs. @throws {PosternError} exit 2: no secret key, a bad recipient, an untrusted signer */
export async function rewrapContext(
  context: PosternContext,
  { from, to }: { readonly from: string | undefined; readonly to: readonly string[] | undefined },
): Promise<RewrapContext> {
  const now = context.clock.now();
  const files =
    to?.map((file) => () => readInput(file, 'key')) ??
    context.settings('backup').recipients.map((file) => () => context.readText('backup', file));
  return {
    ...(await operationContext(context)),
    sets: await setStore(context, from),
    keys: await requireSecretKeys(context),
    destinations: await destinations(context),
    recipients: await Promise.all(files.map(async (read) => readRecipient(await read(), now))),
    signer: await backupSigner(context),
  };
}
