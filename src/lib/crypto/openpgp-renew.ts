import type { AnyPacket, Key, PrivateKey, SecretKeyPacket, SignaturePacket, Subkey } from 'openpgp';
import { usageError } from '../base/error.ts';
import { readSecretKey } from './openpgp-secret-key.ts';
import { fullConfig, reissue } from './openpgp-self-signature.ts';

export interface RenewOptions {
  readonly passphrase?: string;
  /** `subkey`: a new encryption subkey; those that are there stay as they are. `extend`: later ends, and no new key. */
  readonly change: 'subkey' | 'extend';
  /**
   * When what is new ends; undefined: never. A primary key that ends sooner is extended to it; one that ends later, or
   * never, stays as it is.
   */
  readonly ends: Date | undefined;
  /** The date of the new subkey and of the signatures. */
  readonly now: Date;
}

export interface RenewedKey {
  /** ASCII-armored, locked by the same passphrase; with every secret that was there. */
  readonly secretKey: string;
  /** ASCII-armored: its public half. */
  readonly publicKey: string;
}

/**
 * Gives a key a new encryption subkey, or a later end, by new signatures of its primary key beside the old ones: what
 * was signed, and what was encrypted, before stays valid and opens.
 *
 * Throws as `readSecretKey`, and `usageError` with code `'primary-secret-missing'`, `'key-changed-later'` (its last
 * change is not before `now`), `'key-without-end'` (there is nothing to extend) or `'secret-key-unsupported'`.
 */
export async function renewKey(secretKey: string | Uint8Array, options: RenewOptions): Promise<RenewedKey> {
  const { key: open, fingerprint } = await readSecretKey(secretKey, options.passphrase);
  // Its secrets stay locked as they are: nothing of them is written anew.
  const locked = await readLocked(secretKey);
  requirePrimarySecret(open, fingerprint);
  requireEarlier(open, fingerprint, options.now);
  const sealed = options.change === 'subkey' ? await newSubkey({ locked, open, fingerprint }, options) : [];
  let extended = await extendPrimary(locked, open, options);
  if (options.change === 'extend') extended += await extendSubkeys(locked, open, options);
  if (options.change === 'extend' && extended === 0) {
    throw usageError(`nothing of the key ${fingerprint} ends before the time that was given`, {
      code: 'key-without-end',
      hints: ['what never ends, or ends later, is not shortened; leave it as it is'],
    });
  }
  const packets = locked.toPacketList();
  packets.push(...(sealed as never[]));
  const { PrivateKey: OfPackets } = await import('openpgp');
  const renewed = new OfPackets(packets);
  return { secretKey: renewed.armor(), publicKey: renewed.toPublic().armor() };
}

async function readLocked(data: string | Uint8Array): Promise<PrivateKey> {
  const { readPrivateKey } = await import('openpgp');
  const { asArmor } = await import('./openpgp-armor.ts');
  const armoredKey = asArmor(data);
  return armoredKey === undefined
    ? readPrivateKey({ binaryKey: data as Uint8Array })
    : readPrivateKey({ armoredKey });
}

function requirePrimarySecret(key: PrivateKey, fingerprint: string): void {
  if (!(key.keyPacket as SecretKeyPacket).isMissingSecretKeyMaterial()) return;
  throw usageError(
    `the secret of the primary key ${fingerprint} is not in this file, and only it can sign the change`,
    {
      code: 'primary-secret-missing',
      hints: ['run this where the whole secret key is, with --public-out, and --import its public half here'],
    },
  );
}

/** Of two that are equally old, programs take different ones. */
function requireEarlier(key: PrivateKey, fingerprint: string, now: Date): void {
  const second = Math.floor(now.getTime() / 1000) * 1000;
  const last = [
    ...key.getKeys().map((part) => part.getCreationTime()),
    ...selfSignatures(key).flatMap(({ created }) => (created === null ? [] : [created])),
  ].reduce((latest, each) => (each > latest ? each : latest));
  if (last.getTime() < second) return;
  throw usageError(
    `the key ${fingerprint} was last changed at ${last.toISOString()}, which is not before ${new Date(second).toISOString()}`,
    {
      code: 'key-changed-later',
      hints: ['check the clock of this host and of the host that changed the key'],
    },
  );
}

function selfSignatures(key: Key): readonly SignaturePacket[] {
  return [
    ...key.users.flatMap((user) => user.selfCertifications),
    ...key.subkeys.flatMap((subkey) => subkey.bindingSignatures),
  ];
}

/** The packets of a new encryption subkey of the primary key's family, locked, and its binding signature. */
async function newSubkey(
  {
    locked,
    open,
    fingerprint,
  }: { readonly locked: PrivateKey; readonly open: PrivateKey; readonly fingerprint: string },
  { passphrase, ends, now }: RenewOptions,
): Promise<readonly AnyPacket[]> {
  const config = await fullConfig();
  const made = await open
    .addSubkey({
      date: now,
      config,
      ...(ends === undefined
        ? {}
        : { keyExpirationTime: Math.floor(ends.getTime() / 1000) - Math.floor(now.getTime() / 1000) }),
    })
    .catch((cause: unknown) => {
      throw usageError(`the key ${fingerprint} is of a kind that gets no new subkey here`, {
        code: 'secret-key-unsupported',
        cause,
        hints: ['add one with gpg --quick-add-key, and --import the public half'],
      });
    });
  const subkey = made.subkeys.at(-1) as Subkey;
  // As the primary key is: a passphrase may be given for a key that has none.
  if (passphrase !== undefined && !locked.keyPacket.isDecrypted())
    await (subkey.keyPacket as unknown as SecretKeyPacket).encrypt(passphrase, config);
  return [subkey.keyPacket, ...subkey.bindingSignatures];
}

/** New self-signatures of every user id, and of the key itself where it has one, that say when it ends. */
async function extendPrimary(
  locked: PrivateKey,
  open: PrivateKey,
  { ends, now }: RenewOptions,
): Promise<number> {
  const primary = open.keyPacket as SecretKeyPacket;
  const end = await open.getExpirationTime();
  if (!(end instanceof Date) || (ends !== undefined && end >= ends)) return 0;
  const { enums } = await import('openpgp');
  for (const user of locked.users) {
    const latest = latestOf(user.selfCertifications);
    if (latest === undefined || user.revocationSignatures.length > 0) continue;
    const data = { userID: user.userID, userAttribute: user.userAttribute, key: primary };
    user.selfCertifications.unshift(
      await reissue(latest, primary, data, { created: primary.created, ends, now }),
    );
  }
  const { directSignatures = [] } = locked as unknown as { directSignatures?: SignaturePacket[] };
  const direct = latestOf(
    directSignatures.filter(({ signatureType }) => signatureType === enums.signature.key),
  );
  if (direct?.keyNeverExpires === false)
    directSignatures.unshift(
      await reissue(direct, primary, { key: primary }, { created: primary.created, ends, now }),
    );
  return 1;
}

/** New binding signatures of the subkeys in use: the newest that encrypts, and the newest that signs. */
async function extendSubkeys(
  locked: PrivateKey,
  open: PrivateKey,
  { ends, now }: RenewOptions,
): Promise<number> {
  const primary = open.keyPacket as SecretKeyPacket;
  let extended = 0;
  for (const subkey of await newestOfEachUse(locked)) {
    const { keyPacket, bindingSignatures } = subkey;
    const latest = latestOf(bindingSignatures);
    const end = await subkey.getExpirationTime();
    if (latest === undefined || !(end instanceof Date) || (ends !== undefined && end >= ends)) continue;
    const data = { key: primary, bind: keyPacket };
    bindingSignatures.unshift(
      await reissue(latest, primary, data, { created: keyPacket.created, ends, now }),
    );
    extended += 1;
  }
  return extended;
}

async function newestOfEachUse(key: PrivateKey): Promise<readonly Subkey[]> {
  const { keyFlags } = (await import('openpgp')).enums;
  const uses = [keyFlags.encryptCommunication | keyFlags.encryptStorage, keyFlags.signData];
  const newest = uses.flatMap((use) =>
    key.subkeys
      .filter(({ revocationSignatures }) => revocationSignatures.length === 0)
      .filter(({ bindingSignatures }) => ((latestOf(bindingSignatures)?.keyFlags?.[0] ?? 0) & use) !== 0)
      .toSorted((a, b) => b.getCreationTime().getTime() - a.getCreationTime().getTime())
      .slice(0, 1),
  );
  return [...new Set(newest)];
}

function latestOf(signatures: readonly SignaturePacket[]): SignaturePacket | undefined {
  return signatures.toSorted((a, b) => (b.created?.getTime() ?? 0) - (a.created?.getTime() ?? 0))[0];
}
