import { afterAll, beforeAll, expect, test } from 'vitest';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { type KeysWorld, keysWorld } from './keys-world.ts';
import { watched, withoutKeys } from './verify-world.ts';

let world: KeysWorld;
beforeAll(async () => {
  world = await keysWorld();
});
afterAll(() => world.close());

test('a younger set that the keys do not open gives no keyring, and does not stop the restore of an older one', async () => {
  const older = await world.backup();
  const successor = await readRecipient(world.successor.publicKey, new Date());
  const younger = await world.backup({ recipients: [successor] });
  const progress = watched();
  const sets = withoutKeys(world.sets, new RegExp(`/keyrings/${older}/`));
  const context = await world.restoreContext({ workers: 1, sets, progress });
  const plan = await planRestore(context, older, { database: 'never_made' });
  expect(plan.body.inputs).toMatchObject({ keyring: null, lostKeyrings: [older] });
  expect(progress.warnings).toContainEqual(
    expect.stringContaining(
      `the keyring of ${younger} is not looked for, as these keys do not open that set`,
    ),
  );
});
