import { counted } from '../../base/counted.ts';
import { columnValuesPerKey } from '../../crypto/column-value.ts';
import type { HeldValues } from './census-record.ts';
import type { RetainedSet } from './context.ts';
import type { KeyringClass } from './read-keyrings.ts';
import type { KeyFinding, KeyNeed, KeyRow } from './results.ts';
import { keyRow, type Watch } from './row.ts';
import { neededBySets } from './sets.ts';

export interface DataKeyFacts {
  readonly classes: readonly KeyringClass[];
  /** Undefined where there was no census yet. */
  readonly held: ((keyring: string, state: string) => HeldValues) | undefined;
  /** Undefined where it is not known which there are. */
  readonly sets: readonly RetainedSet[] | undefined;
  /** When the values of a keyring were last encrypted again, RFC 3339, UTC. */
  readonly settledAt: ReadonlyMap<string, string>;
  /** Milliseconds. */
  readonly cryptoperiod: number;
}

/** A row for every keyring and state: what a hundred thousand subjects' keys have in common. */
export function dataKeyRows(facts: DataKeyFacts, watch: Watch): readonly KeyRow[] {
  const byState = Map.groupBy(facts.classes, ({ keyring, state }) => `${keyring}:${state}`);
  return [...byState].map(([id, classes]) => dataKeyRow(id, classes, facts, watch));
}

function dataKeyRow(
  id: string,
  classes: readonly KeyringClass[],
  { held: heldBy, sets, settledAt, cryptoperiod }: DataKeyFacts,
  watch: Watch,
): KeyRow {
  const { keyring = '', state = '' } = classes[0] ?? {};
  const held = heldBy?.(keyring, state);
  const keys = classes.reduce((sum, found) => sum + found.keys, 0);
  const oldest = classes
    .map((found) => found.oldest)
    .filter((time) => time !== null)
    .toSorted()[0];
  const lowest = Math.min(...classes.map(({ lowestVersion }) => lowestVersion));
  const highest = Math.max(...classes.map(({ highestVersion }) => highestVersion));
  const isActive = state === 'active';
  const backups =
    isActive || state === 'pre-active' || state === 'destroyed'
      ? []
      : neededBySets(sets, {
          from: oldest,
          // What is drained is in no set that was begun after that.
          until: state === 'drained' ? settledAt.get(keyring) : undefined,
        });
  return keyRow(
    {
      id: `dek:${id}`,
      kind: 'dek',
      name: keyring,
      state,
      version: lowest === highest ? String(lowest) : `${lowest}-${highest}`,
      keys,
      ...(oldest === undefined ? {} : { created: new Date(oldest) }),
      ...(isActive ? { cryptoperiod, atEnd: 'encrypt again under new data keys' } : {}),
      keysOverdue: isActive ? classes.reduce((sum, found) => sum + found.old, 0) : 0,
      ...(held === undefined ? {} : { held }),
      ...(held === undefined ? {} : { encryptionsLeft: Math.max(0, columnValuesPerKey - held.most) }),
      usedFor: [...new Set(classes.map(({ kek }) => `wrapped by ${kek}`))],
      needed: [...needs(state, held), ...backups],
      ...nextOf(state, held, backups),
      findings: findings(state, held, { keys, isDated: oldest !== undefined }),
    },
    watch,
  );
}

function needs(state: string, held: HeldValues | undefined): readonly KeyNeed[] {
  if (state === 'active') return [{ why: 'applications encrypt under it', setId: null, until: null }];
  if (state === 'destroyed' || held === undefined || held.values === 0) return [];
  return [{ why: `${counted(held.values, 'value')} under it`, setId: null, until: null }];
}

function nextOf(
  state: string,
  held: HeldValues | undefined,
  backups: readonly KeyNeed[],
): { readonly next?: KeyRow['next'] } {
  if (state === 'compromised' && held?.values === 0)
    return { next: { action: 'retire', from: backups[0]?.until ?? null } };
  if (state === 'compromised') return { next: { action: 'encrypt again under new data keys', from: null } };
  if (state === 'decrypt-only' && held === undefined)
    return { next: { action: 'take a census', from: null } };
  if (state === 'decrypt-only') return { next: { action: 'move values to active keys', from: null } };
  if (state === 'pre-active') return { next: { action: 'finish the plan that made it', from: null } };
  if (state === 'drained') return { next: { action: 'retire', from: backups[0]?.until ?? null } };
  return {};
}

/** States in which nothing can be decrypted; what is under `destroyed` was shredded, and is to stay so. */
const unusable: readonly string[] = ['disabled', 'pending-deletion'];
const known: readonly string[] = [
  'pre-active',
  'active',
  'decrypt-only',
  'drained',
  'compromised',
  'destroyed',
  ...unusable,
];

function findings(
  state: string,
  held: HeldValues | undefined,
  { keys, isDated }: { readonly keys: number; readonly isDated: boolean },
): readonly KeyFinding[] {
  const found: KeyFinding[] = [];
  const note = (code: string, verdict: KeyFinding['verdict'], message: string) =>
    found.push({ code, verdict, message });
  const values = held?.values ?? 0;
  const under = counted(values, 'value');
  if (state === 'compromised' && held?.values !== 0)
    note(
      'key-compromised',
      'overdue',
      `${counted(keys, 'key')} compromised, and ${held === undefined ? 'no census tells of values' : under} under ${keys === 1 ? 'it' : 'them'}`,
    );
  if (state === 'active' && !isDated)
    note('age-unknown', 'unknown', 'the data map names no column `created`');
  if (state === 'decrypt-only' && values > 0)
    note('key-old', 'due', `${under} under keys that are no longer active`);
  if (unusable.includes(state) && values > 0)
    note('key-unusable', 'overdue', `${under} that nothing decrypts: the keys are ${state}`);
  if (state === 'drained' && values > 0)
    note('key-not-drained', 'overdue', `${under} under keys that are called drained`);
  if (!known.includes(state))
    note('state-unknown', 'unknown', `no state of data keys is called ${JSON.stringify(state)}`);
  if (held !== undefined && held.most > columnValuesPerKey * 0.9)
    note(
      'key-worn',
      held.most >= columnValuesPerKey ? 'overdue' : 'due',
      'a key has encrypted nearly as many values as it may',
    );
  return found;
}
