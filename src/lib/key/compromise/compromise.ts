import { messageOf, PosternError, usageError } from '../../base/error.ts';
import type { Plan } from '../../operation/plan.ts';
import type { KeyContext } from '../context.ts';
import { planReencrypt, type ReencryptOptions } from '../reencrypt/index.ts';
import { asking } from '../register/ask.ts';
import type { KeyNeed, Unasked } from '../register/results.ts';
import { type Blast, blastOf, type CompromisedKeyring, compromisedKeyrings } from './blast.ts';
import type { CompromiseContext } from './context.ts';
import { type MeantKey, meantKey } from './meant.ts';
import type { KeyCompromiseResult } from './results.ts';
import { type ExposedSets, exposedSets, type FoundSetKeys } from './set-keys.ts';
import { type PlannedKeyring, stepsOf } from './steps.ts';

export interface CompromiseOptions {
  /** An id or a name, as `key list` has it. */
  readonly asked: string;
  /** Of a keyring: this subject's data keys alone. */
  readonly subject: string | undefined;
  /** The KMS key that is to wrap new data keys; needed where a KMS key is compromised. */
  readonly to: string | undefined;
  /** Nothing is stored: no step is to name a plan. */
  readonly isDry: boolean;
  readonly reencrypt: Omit<ReencryptOptions, 'keyring' | 'keys' | 'kek' | 'compromised'>;
}

/**
 * Finds out what somebody may have who has a key: values, subjects, tenants, backups; and what is to be done, in its
 * order. Nothing is changed; plans for new data keys are made and not stored.
 * @throws {PosternError} exit 2 `key-itself`: it is to be replaced by itself; as `meantKey`; errors of the database
 */
export async function compromise(
  context: CompromiseContext,
  options: CompromiseOptions,
): Promise<{ readonly result: KeyCompromiseResult; readonly plans: readonly Plan[] }> {
  const { register } = context;
  const readSets = once(() => setKeysOf(context));
  const meant = await meantKey(register, options, readSets);
  const exposed = await exposedSets(register, meant, readSets);
  const found = await inDatabase(context, meant, options);
  const { columns, subjects, tenants } = found.blast;
  const { key, rows, isConfigured } = meant;
  const backups = backupsOf([...rows.flatMap(({ needed }) => needed), ...exposed.needs], exposed);
  const sum = (name: 'values' | 'bytes') => columns.reduce((total, column) => total + column[name], 0);
  const { id, kind, name } = key;
  return {
    plans: found.keyrings.flatMap(({ plan }) => (plan === undefined ? [] : [plan])),
    result: {
      key: {
        id: kind === 'dek' || kind === 'hmac' ? name : id,
        kind,
        name,
        usedFor: [...new Set(rows.flatMap(({ usedFor }) => usedFor))],
      },
      columns: [...columns],
      values: sum('values'),
      bytes: sum('bytes'),
      subjects,
      tenants,
      backups,
      steps: [
        ...stepsOf({
          key,
          isConfigured,
          columns,
          subjects,
          backups,
          areSetsTold: exposed.unasked.length === 0,
          pruneRules: context.pruneRules,
          keyrings: found.keyrings,
          options,
        }),
      ],
      unasked: distinct([...meant.unasked, ...exposed.unasked]),
    },
  };
}

/** @throws {PosternError} exit 2, as the configuration of the backups */
async function setKeysOf({ register, setKeys }: CompromiseContext): Promise<FoundSetKeys> {
  const { ask, unasked } = asking(register.signal);
  const recorded = await ask('the register of backups', async () => register.backups?.sets() ?? []);
  const found = await setKeys((recorded ?? []).map(({ setId }) => setId));
  return { sets: found.sets, unasked: [...unasked, ...found.unasked] };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

function backupsOf(all: readonly KeyNeed[], { setIds }: ExposedSets): KeyCompromiseResult['backups'] {
  const needs = all.filter(({ setId }) => setId !== null);
  const last = (texts: readonly (string | null)[]) =>
    texts
      .filter((text) => text !== null)
      .toSorted()
      .at(-1) ?? null;
  return {
    needs: [...new Set(needs.map(({ why }) => why))],
    setId: last(needs.map(({ setId }) => setId)),
    until: last(needs.map(({ until }) => until)),
    setIds: [...setIds],
  };
}

const distinct = (unasked: readonly Unasked[]): Unasked[] => [
  ...new Map(unasked.map((one) => [`${one.source}\0${one.reason}`, one])).values(),
];

const nothing: Blast = { columns: [], subjects: null, tenants: null };

async function inDatabase(
  context: CompromiseContext,
  meant: MeantKey,
  options: CompromiseOptions,
): Promise<{ readonly blast: Blast; readonly keyrings: readonly PlannedKeyring[] }> {
  if (meant.key.kind !== 'dek' && meant.key.kind !== 'kek') return { blast: nothing, keyrings: [] };
  const keys = await context.keys?.();
  if (keys === undefined) return { blast: nothing, keyrings: [] };
  const map = await keys.map();
  const db = await keys.openReader();
  try {
    const compromised = await compromisedKeyrings(db, map, meant, () => keys.kms());
    await requireAnother(keys, meant, options.to);
    const blast = await blastOf(db, map, compromised);
    const keyrings: PlannedKeyring[] = [];
    for (const one of compromised) keyrings.push(await plannedKeyring(keys, meant, one, options));
    return { blast, keyrings };
  } finally {
    await db.end().catch(() => {});
  }
}

async function requireAnother(keys: KeyContext, { key }: MeantKey, to: string | undefined): Promise<void> {
  if (to === undefined) return;
  const { arn } = await (await keys.kms()).describeKey(to);
  if (key.id !== `kek:${arn}`) return;
  throw usageError(`${to} is the key that is compromised`, {
    code: 'key-itself',
    hints: ['make another KMS key, with an id of its own: new material in the same key does not help'],
  });
}

async function plannedKeyring(
  keys: KeyContext,
  { key }: MeantKey,
  { keyring, compromised }: CompromisedKeyring,
  { to, reencrypt }: CompromiseOptions,
): Promise<PlannedKeyring> {
  const { table } = keyring;
  if (key.kind === 'kek' && to === undefined) return { keyring: table };
  try {
    const { plan, forecast } = await planReencrypt(keys, {
      ...reencrypt,
      keyring: table,
      keys: 'new',
      kek: to ?? null,
      compromised,
    });
    return { keyring: table, ...(plan === undefined ? {} : { plan, forecast }) };
  } catch (error) {
    // What the key gave away is told all the same.
    if (!(error instanceof PosternError)) throw error;
    return { keyring: table, problem: messageOf(error) };
  }
}
