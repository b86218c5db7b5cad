import { counted } from '../../base/counted.ts';
import type { HeldValues } from './census-record.ts';
import type { KeyringClass } from './read-keyrings.ts';
import type { KeyFinding, KeyRow } from './results.ts';
import { keyRow, type Watch } from './row.ts';

export interface HmacKeyFacts {
  readonly classes: readonly KeyringClass[];
  /** Undefined where there was no census yet. */
  readonly held: ((keyring: string, state: string) => HeldValues) | undefined;
  /** Milliseconds. */
  readonly cryptoperiod: number;
}

/** A row for every keyring of HMAC keys and state: a version each, but for what lies behind. */
export function hmacKeyRows({ classes, held, cryptoperiod }: HmacKeyFacts, watch: Watch): readonly KeyRow[] {
  const byState = Map.groupBy(classes, ({ keyring, state }) => `${keyring}:${state}`);
  return [...byState].map(([id, own]) => {
    const { keyring = '', state = '', hashes = [] } = own[0] ?? {};
    const found = held?.(keyring, state);
    const keys = own.reduce((sum, one) => sum + one.keys, 0);
    const [oldest] = own
      .map((one) => one.oldest)
      .filter((time) => time !== null)
      .toSorted();
    const lowest = Math.min(...own.map(({ lowestVersion }) => lowestVersion));
    const highest = Math.max(...own.map(({ highestVersion }) => highestVersion));
    return keyRow(
      {
        id: `hmac:${id}`,
        kind: 'hmac',
        name: keyring,
        state,
        version: lowest === highest ? String(lowest) : `${lowest}-${highest}`,
        keys,
        ...(oldest === undefined ? {} : { created: new Date(oldest) }),
        ...(state === 'active' ? { cryptoperiod, atEnd: 'rotate' } : {}),
        ...(found === undefined ? {} : { held: found }),
        usedFor: [
          ...hashes.map((column) => `hashes ${column}`),
          ...new Set(own.map(({ kek }) => `wrapped by ${kek}`)),
        ],
        needed: needs(state),
        ...nextOf(state),
        findings: findings(state, found?.values ?? 0, { keys, isDated: oldest !== undefined }),
      },
      watch,
    );
  });
}

function needs(state: string): KeyRow['needed'] {
  if (state === 'active') return [{ why: 'applications look up by it', setId: null, until: null }];
  if (state === 'decrypt-only') return [{ why: 'applications may look up by it', setId: null, until: null }];
  return [];
}

const next: Readonly<Record<string, string>> = {
  'pre-active': 'finish the plan that made it',
  'decrypt-only': 'finish the rotation',
  compromised: 'rotate',
};

function nextOf(state: string): { readonly next?: KeyRow['next'] } {
  const action = next[state];
  return action === undefined ? {} : { next: { action, from: null } };
}

/** States in which no application writes or looks up by it. */
const ended: readonly string[] = ['drained', 'disabled', 'pending-deletion', 'destroyed'];
const known: readonly string[] = ['pre-active', 'active', 'decrypt-only', 'compromised', ...ended];

function findings(
  state: string,
  values: number,
  { keys, isDated }: { readonly keys: number; readonly isDated: boolean },
): readonly KeyFinding[] {
  const found: KeyFinding[] = [];
  const note = (code: string, verdict: KeyFinding['verdict'], message: string) =>
    found.push({ code, verdict, message });
  const hashes = `${values.toLocaleString('en')} ${values === 1 ? 'hash' : 'hashes'}`;
  if (state === 'compromised') note('key-compromised', 'overdue', `${counted(keys, 'key')} compromised`);
  if (state === 'active' && !isDated)
    note('age-unknown', 'unknown', 'the data map names no column `created`');
  if (state === 'decrypt-only' && values > 0)
    note('key-old', 'due', `${hashes} of a version that is no longer active`);
  if (ended.includes(state) && values > 0)
    note('key-not-drained', 'overdue', `${hashes} in the column of a version that is ${state}`);
  if (!known.includes(state))
    note('state-unknown', 'unknown', `no state of HMAC keys is called ${JSON.stringify(state)}`);
  return found;
}
