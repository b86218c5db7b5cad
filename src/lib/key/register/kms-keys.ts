import { counted } from '../../base/counted.ts';
import { messageOf, PosternError } from '../../base/error.ts';
import type { KmsKey } from '../../cloud/kms.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import type { HeldValues } from './census-record.ts';
import type { KmsSource, RetainedSet } from './context.ts';
import type { KeyringClass } from './read-keyrings.ts';
import type { KeyFinding, KeyNeed, KeyRow } from './results.ts';
import { type KeyFacts, keyRow, type Watch } from './row.ts';
import { neededBySets } from './sets.ts';

export interface KmsFacts {
  readonly classes: readonly KeyringClass[];
  /** By the key's name as keyrings have it; undefined where there was no census yet. */
  readonly held: ((kek: string) => HeldValues) | undefined;
  readonly sets: readonly RetainedSet[] | undefined;
  /** Milliseconds. */
  readonly cryptoperiods: { readonly kek: number; readonly signer: number };
}

/** A key of the service by one of its names, with what it is for. */
interface Named {
  readonly keyId: string;
  readonly usedFor: readonly string[];
  /** Data keys that it wraps and that are not destroyed. */
  readonly wraps: number;
}

/** A row for every key of the service that something names, or for every key there is. Errors as the service's. */
export async function kmsRows(source: KmsSource, facts: KmsFacts, watch: Watch): Promise<readonly KeyRow[]> {
  const names = [
    ...source.named.map(({ keyId, usedFor }) => ({ keyId, usedFor: [usedFor], wraps: 0 })),
    ...wrapping(facts),
  ];
  if (names.length === 0 && source.scope === 'named') return [];
  const kms = await source.open();
  const found = new Map<string, KmsKey>();
  const missing: KeyRow[] = [];
  const byKey = new Map<string, Named[]>();
  for (const name of names) {
    const key = await describe(kms, name.keyId);
    if (key instanceof PosternError) missing.push(lostRow(name, key, watch));
    else {
      found.set(key.arn, key);
      byKey.set(key.arn, [...(byKey.get(key.arn) ?? []), name]);
    }
  }
  if (source.scope === 'all') for await (const key of kms.listKeys()) found.set(key.arn, key);
  const rows: KeyRow[] = [];
  for (const [arn, key] of found) rows.push(await kmsRow(kms, key, byKey.get(arn) ?? [], facts, watch));
  return [...rows, ...missing];
}

/** Where the profile has no such service, what keyrings name, of which nothing else is known. */
export function unaskedRows(classes: readonly KeyringClass[], watch: Watch): readonly KeyRow[] {
  const message = 'the profile has no kms to ask for its age';
  return wrapping({ classes }).map(({ keyId, usedFor, wraps }) =>
    keyRow(
      {
        id: `kek:${keyId}`,
        kind: 'kek',
        name: keyId,
        state: 'unknown',
        usedFor,
        needed: wrapNeed(wraps),
        findings: [{ code: 'not-configured', verdict: 'unknown', message }],
      },
      watch,
    ),
  );
}

function wrapping({ classes }: Pick<KmsFacts, 'classes'>): readonly Named[] {
  const living = classes.filter(({ state }) => state !== 'destroyed');
  return [...Map.groupBy(living, ({ kek }) => kek)].map(([keyId, own]) => ({
    keyId,
    wraps: own.reduce((sum, { keys }) => sum + keys, 0),
    usedFor: [...Map.groupBy(own, ({ keyring }) => keyring)].map(
      ([keyring, some]) =>
        `wraps ${counted(
          some.reduce((sum, { keys }) => sum + keys, 0),
          'data key',
        )} of ${keyring}`,
    ),
  }));
}

/** Answers that concern one key alone; any other error is the service's. */
const ofOneKey: readonly (string | undefined)[] = ['kms-key-missing', 'kms-access-denied', 'kms-alias'];

async function describe(kms: KmsService, keyId: string): Promise<KmsKey | PosternError> {
  try {
    return await kms.describeKey(keyId);
  } catch (error) {
    if (error instanceof PosternError && ofOneKey.includes(error.code)) return error;
    throw error;
  }
}

function lostRow({ keyId, usedFor, wraps }: Named, error: PosternError, watch: Watch): KeyRow {
  const isMissing = error.code === 'kms-key-missing';
  return keyRow(
    {
      id: `kek:${keyId}`,
      kind: 'kek',
      name: keyId,
      state: isMissing ? 'missing' : 'unknown',
      usedFor,
      needed: wrapNeed(wraps),
      next: { action: 'investigate', from: null },
      findings: [
        { code: error.code ?? 'kms', verdict: isMissing ? 'overdue' : 'unknown', message: messageOf(error) },
      ],
    },
    watch,
  );
}

async function kmsRow(
  kms: KmsService,
  key: KmsKey,
  names: readonly Named[],
  facts: KmsFacts,
  watch: Watch,
): Promise<KeyRow> {
  const usedFor = [...new Set(names.flatMap((name) => name.usedFor))];
  const common = {
    name: key.description === '' ? key.arn : key.description,
    state: key.state,
    created: key.created,
    usedFor,
  };
  const isUsed = usedFor.length > 0 && key.state === 'enabled';
  if (key.usage === 'sign')
    return keyRow(
      {
        ...common,
        id: `certificate-signer:${key.arn}`,
        kind: 'certificate-signer',
        ...(isUsed ? { cryptoperiod: facts.cryptoperiods.signer, atEnd: 'make a new key and name it' } : {}),
        ...deletion(key),
        findings: stateFindings(key, usedFor),
      },
      watch,
    );
  const material = await materialOf(kms, key);
  const wraps = names.reduce((sum, name) => sum + name.wraps, 0);
  const held = names.map(({ keyId }) => facts.held?.(keyId)).filter((values) => values !== undefined);
  return keyRow(
    {
      ...common,
      id: `kek:${key.arn}`,
      kind: 'kek',
      ...(material.versions === undefined ? {} : { version: String(material.versions) }),
      ...(material.rotated === undefined ? {} : { activated: material.rotated }),
      ...(isUsed ? { cryptoperiod: facts.cryptoperiods.kek, atEnd: 'rotate, then rewrap data keys' } : {}),
      ...(facts.held === undefined
        ? {}
        : {
            held: {
              values: held.reduce((sum, { values }) => sum + values, 0),
              bytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
            },
          }),
      ...(isUsed && material.next !== undefined
        ? { next: { action: 'rotates by itself', from: material.next.toISOString() } }
        : deletion(key)),
      needed: [
        ...wrapNeed(wraps),
        ...neededBySets(facts.sets, { from: key.created.toISOString(), until: undefined }),
      ],
      findings: [...material.findings, ...stateFindings(key, usedFor)],
    },
    watch,
  );
}

const wrapNeed = (wraps: number): readonly KeyNeed[] =>
  wraps === 0 ? [] : [{ why: `wraps ${counted(wraps, 'data key')}`, setId: null, until: null }];

function deletion({ deletionDate }: KmsKey): Pick<KeyFacts, 'next'> {
  return deletionDate === undefined
    ? {}
    : { next: { action: 'is destroyed', from: deletionDate.toISOString() } };
}

function stateFindings({ state, deletionDate }: KmsKey, usedFor: readonly string[]): readonly KeyFinding[] {
  if (state === 'enabled' || usedFor.length === 0) return [];
  const what =
    state === 'pending-deletion'
      ? `destroyed on ${deletionDate?.toISOString().slice(0, 10) ?? 'a date'}`
      : state;
  return [{ code: 'key-unusable', verdict: 'overdue', message: `it is ${what}, and ${usedFor.join(', ')}` }];
}

interface Material {
  readonly versions?: number;
  readonly rotated?: Date;
  /** When the service rotates the key by itself. */
  readonly next?: Date;
  readonly findings: readonly KeyFinding[];
}

async function materialOf(kms: KmsService, { arn, state }: KmsKey): Promise<Material> {
  if (state !== 'enabled' && state !== 'disabled') return { findings: [] };
  try {
    const materials = await kms.listMaterials(arn);
    const rotated = materials.findLast((material) => material.state !== 'pending')?.rotated;
    const { automatic } = await kms.rotationStatus(arn);
    return {
      ...(materials.length === 0 ? {} : { versions: materials.length }),
      ...(rotated === undefined ? {} : { rotated }),
      ...(automatic.on && automatic.next !== undefined ? { next: automatic.next } : {}),
      findings: [],
    };
  } catch (error) {
    if (!(error instanceof PosternError) || !silent.includes(error.code)) throw error;
    if (error.code === 'kms-unsupported') return { findings: [] };
    const message = `when it was rotated cannot be asked: ${messageOf(error)}`;
    return { findings: [{ code: 'rotation-unknown', verdict: 'unknown', message }] };
  }
}

/** Answers that leave the key listed. */
const silent: readonly (string | undefined)[] = [
  'kms-access-denied',
  'kms-unsupported',
  'kms-key-unusable',
  'kms-failed',
];
