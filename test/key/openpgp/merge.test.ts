import { PublicKey, readKey, UserAttributePacket } from 'openpgp';
import { expect, test } from 'vitest';
import { generateKeyPair } from '../../../src/lib/crypto/openpgp-key.ts';
import { mergePublicKeys } from '../../../src/lib/crypto/openpgp-merge.ts';

const { publicKey } = await generateKeyPair({ name: 'One', email: 'one@example.org', purpose: 'encrypt' });

/** The key with something that is no user id, as a picture is. */
async function withPicture(): Promise<string> {
  const key = await readKey({ armoredKey: publicKey });
  const packets = key.toPacketList();
  const picture = Object.assign(new UserAttributePacket(), { attributes: ['\u0001picture'] });
  const subkey = packets.findIndex(({ constructor }) => constructor.name === 'PublicSubkeyPacket');
  packets.splice(subkey, 0, picture as never);
  return new PublicKey(packets).armor();
}

async function pictures(armoredKey: string): Promise<number> {
  const { users } = await readKey({ armoredKey });
  return users.filter(({ userAttribute }) => userAttribute !== null).length;
}

test('a picture that one copy has is taken over, and once only', async () => {
  const pictured = await withPicture();
  expect(await pictures(pictured)).toBe(1);
  const merged = await mergePublicKeys(publicKey, pictured);
  expect(await pictures(merged)).toBe(1);
  expect(await mergePublicKeys(merged, pictured)).toBe(merged);
});

test('keys that are not the same are not merged', async () => {
  const other = await generateKeyPair({ name: 'Two', email: 'two@example.org', purpose: 'encrypt' });
  await expect(mergePublicKeys(publicKey, other.publicKey)).rejects.toMatchObject({ code: 'keys-differ' });
});
