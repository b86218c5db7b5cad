import { counted } from '../../base/counted.ts';
import { PosternError } from '../../base/error.ts';
import type { KeyDescription } from '../../crypto/openpgp-key-description.ts';
import type { Asking } from './ask.ts';
import type { KeyFile, OpenableSet, RetainedSet } from './context.ts';
import type { KeyFinding, KeyNeed, KeyRow } from './results.ts';
import { keyRow, type Watch } from './row.ts';
import { neededBy } from './sets.ts';

/** The same key in one or more files, for one or more uses. */
interface UsedKey {
  readonly key: KeyDescription;
  readonly armored: string;
  readonly usedFor: readonly string[];
}

async function readKeyFiles(
  files: readonly KeyFile[],
  { ask }: Asking,
  now: Date,
): Promise<readonly UsedKey[]> {
  if (files.length === 0) return [];
  const { describeKey } = await import('../../crypto/openpgp-key-description.ts');
  const found = new Map<string, UsedKey>();
  for (const { file, usedFor, read } of files) {
    const armored = await ask(`the key file ${file}`, read);
    if (armored === undefined) continue;
    const key = await ask(`the key file ${file}`, () => describeKey(armored, now));
    if (key === undefined) continue;
    const known = found.get(key.fingerprint);
    found.set(key.fingerprint, { key, armored, usedFor: [...(known?.usedFor ?? []), usedFor] });
  }
  return [...found.values()];
}

export interface RecipientFacts {
  readonly files: readonly KeyFile[];
  readonly sets: readonly RetainedSet[];
  /** Undefined where it is not known. */
  readonly access: readonly OpenableSet[] | undefined;
  /** Milliseconds. */
  readonly cryptoperiod: number;
}

/** A row for every key that new backup sets are made for. */
export async function recipientRows(
  facts: RecipientFacts,
  asking: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  const keys = await readKeyFiles(facts.files, asking, watch.now);
  return keys.map(({ key, usedFor }) => {
    const others = keys.filter((other) => other.key !== key).flatMap((other) => keyIds(other.key));
    const part = key.encryption.possible ? key.encryption.keyId : undefined;
    const encrypting = key.encryptionKeys.find(({ keyId }) => keyId === part) ?? key.encryptionKeys.at(-1);
    const expires = key.encryption.possible ? key.encryption.until : (encrypting?.expires ?? key.expires);
    return keyRow(
      {
        id: `openpgp-recipient:${key.fingerprint}`,
        kind: 'openpgp-recipient',
        name: nameOf(key),
        state: stateOf(key),
        created: key.created,
        // A new encryption subkey begins a new period.
        ...(encrypting === undefined ? {} : { activated: encrypting.created }),
        cryptoperiod: facts.cryptoperiod,
        ...(expires === undefined ? {} : { expires }),
        atEnd: 'renew its encryption subkey, or name its successor',
        usedFor,
        needed: [
          { why: 'new backup sets are made for it', setId: null, until: null },
          ...onlyOpener(keyIds(key), others, facts),
        ],
        findings: key.encryption.possible || stateOf(key) === 'expired' ? [] : [unusable(key.encryption.why)],
      },
      watch,
    );
  });
}

/** Sets that no other recipient of the configuration opens. */
function onlyOpener(
  own: readonly string[],
  others: readonly string[],
  { sets, access = [] }: RecipientFacts,
): readonly KeyNeed[] {
  const only = new Set(
    access
      .filter(
        ({ keyIds: opening }) => own.some((id) => opening.has(id)) && !others.some((id) => opening.has(id)),
      )
      .map(({ setId }) => setId),
  );
  const needing = sets.filter(({ setId }) => only.has(setId));
  return neededBy(needing, `the only recipient that opens ${counted(needing.length, 'backup set')}`);
}

/** A row for every OpenPGP key that signs. */
export async function signerRows(
  files: readonly KeyFile[],
  cryptoperiod: number,
  asking: Asking,
  watch: Watch,
): Promise<readonly KeyRow[]> {
  const keys = await readKeyFiles(files, asking, watch.now);
  return Promise.all(
    keys.map(async ({ key, armored, usedFor }) => {
      const end = await signingEnd(armored, watch.now);
      const expires = end.expires ?? key.expires;
      return keyRow(
        {
          id: `openpgp-signer:${key.fingerprint}`,
          kind: 'openpgp-signer',
          name: nameOf(key),
          state: key.revoked ? 'revoked' : isOver(key.expires, watch.now) ? 'expired' : 'valid',
          created: key.created,
          cryptoperiod,
          ...(expires === undefined ? {} : { expires }),
          atEnd: 'make its successor, and trust both',
          usedFor,
          findings: end.problem === undefined ? [] : [unusable(end.problem)],
        },
        watch,
      );
    }),
  );
}

async function signingEnd(
  armored: string,
  now: Date,
): Promise<{ readonly expires?: Date; readonly problem?: string }> {
  const { signerEnd } = await import('../../crypto/openpgp-signer.ts');
  try {
    const expires = await signerEnd(armored, now);
    return expires === undefined ? {} : { expires };
  } catch (error) {
    if (error instanceof PosternError) return { problem: error.message };
    throw error;
  }
}

const unusable = (message: string): KeyFinding => ({ code: 'key-unusable', verdict: 'overdue', message });

const keyIds = ({ encryptionKeys }: KeyDescription): readonly string[] =>
  encryptionKeys.map(({ keyId }) => keyId);

const nameOf = ({ userIds, fingerprint }: KeyDescription): string => userIds[0] ?? fingerprint;

function stateOf({ revoked, encryption }: KeyDescription): string {
  if (encryption.possible) return 'valid';
  if (revoked || encryption.code === 'recipient-revoked') return 'revoked';
  return encryption.code === 'recipient-expired' ? 'expired' : 'unusable';
}

const isOver = (end: Date | undefined, now: Date): boolean => end !== undefined && end <= now;
