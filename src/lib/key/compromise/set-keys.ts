import { counted } from '../../base/counted.ts';
import type { KeyDescription } from '../../crypto/openpgp-key-description.ts';
import { asking } from '../register/ask.ts';
import type { RegisterContext, RetainedSet } from '../register/context.ts';
import type { KeyNeed, Unasked } from '../register/results.ts';
import { neededBy } from '../register/sets.ts';
import type { MeantKey } from './meant.ts';

/** What a backup set tells of its keys to anybody who may read it. */
export interface SetKeys {
  readonly setId: string;
  /** Of the encryption keys that open it, also by a rewrap: 16 uppercase hexadecimal digits. */
  readonly keyIds: ReadonlySet<string>;
  /** Why that cannot be told; null where it can. */
  readonly accessProblem: string | null;
  /** What is signed of it. */
  readonly stub: SetStub | null;
  /** Why there is none. */
  readonly stubProblem: string | null;
}

export interface SetStub {
  /** Fingerprints of the primary keys that it was made for. */
  readonly recipients: readonly string[];
  /** Fingerprint of the primary key. */
  readonly signer: string;
  /** Id or ARN of the KMS key that opens it as well. */
  readonly kmsKeyId: string | null;
}

/** The complete sets of all destinations, oldest first, and what could not be asked. */
export interface FoundSetKeys {
  readonly sets: readonly SetKeys[];
  readonly unasked: readonly Unasked[];
}

/** Sets that a key opens or has signed. */
export interface ExposedSets {
  readonly needs: readonly KeyNeed[];
  /** Oldest first. */
  readonly setIds: readonly string[];
  /** A set that could not be asked may be one of them. */
  readonly unasked: readonly Unasked[];
}

const none: ExposedSets = { needs: [], setIds: [], unasked: [] };

/** The sets that a key opens, whoever else opens them too, or that it has signed. */
export async function exposedSets(
  context: RegisterContext,
  meant: MeantKey,
  read: () => Promise<FoundSetKeys>,
): Promise<ExposedSets> {
  const test = await testOf(context, meant);
  if (test === undefined) return none;
  const found = await read();
  const answers = found.sets.map((set) => ({ set, answer: test.ask(set) }));
  const setIds = answers.filter(({ answer }) => answer === 'yes').map(({ set }) => set.setId);
  const asked = asking(context.signal);
  const kept = await asked.ask('the register of backups', async () => context.backups?.sets() ?? []);
  const exposed = setIds.map((setId) => kept?.find((set) => set.setId === setId) ?? unrecorded(setId));
  return {
    setIds,
    needs: neededBy(exposed, `${test.verb} ${counted(setIds.length, 'backup set')}`),
    unasked: [
      ...found.unasked,
      ...asked.unasked,
      ...answers.flatMap(({ set, answer }) =>
        answer === 'yes' || answer === 'no'
          ? []
          : [{ source: `the backup set ${set.setId}`, reason: answer.problem }],
      ),
    ],
  };
}

const unrecorded = (setId: string): RetainedSet => ({ setId, startedAt: '', lockedUntil: null });

type Answer = 'yes' | 'no' | { readonly problem: string };

interface SetTest {
  readonly verb: 'opens' | 'signed';
  readonly ask: (set: SetKeys) => Answer;
}

/** Undefined for a key that no set names. */
async function testOf(
  context: RegisterContext,
  { key, isConfigured }: MeantKey,
): Promise<SetTest | undefined> {
  const own = key.id.slice(key.id.indexOf(':') + 1);
  const byStub = (test: (stub: SetStub) => boolean) => (set: SetKeys) =>
    set.stub === null ? { problem: set.stubProblem ?? 'it does not tell' } : answerOf(test(set.stub));
  if (key.kind === 'kek') {
    return {
      verb: 'opens',
      ask: byStub(
        ({ kmsKeyId }) => kmsKeyId !== null && (kmsKeyId === own || own.split(/[/:]/).at(-1) === kmsKeyId),
      ),
    };
  }
  if (key.kind === 'openpgp-signer') {
    return key.usedFor.some((use) => use.includes('backup sets'))
      ? { verb: 'signed', ask: byStub(({ signer }) => signer.endsWith(own)) }
      : undefined;
  }
  if (key.kind !== 'openpgp-recipient') return undefined;
  const described = (await describedRecipients(context)).find(({ fingerprint }) => fingerprint === own);
  const keyIds = described?.encryptionKeys.map(({ keyId }) => keyId) ?? [own.slice(-16)];
  return { verb: 'opens', ask: (set) => opens(set, { keyIds, own, isConfigured }) };
}

function opens(
  { keyIds, accessProblem, stub, stubProblem }: SetKeys,
  key: { readonly keyIds: readonly string[]; readonly own: string; readonly isConfigured: boolean },
): Answer {
  if (key.keyIds.some((id) => keyIds.has(id))) return 'yes';
  if (stub?.recipients.some((fingerprint) => fingerprint.endsWith(key.own)) === true) return 'yes';
  // Of a key that is not in the configuration the ids of its subkeys are not known: only the stub names it.
  const problem = accessProblem ?? (key.isConfigured ? null : stubProblem);
  return problem === null ? 'no' : { problem };
}

const answerOf = (is: boolean): Answer => (is ? 'yes' : 'no');

/** The configured recipients that can be read; the register tells of the others. */
export async function describedRecipients({
  recipients,
  clock,
  signal,
}: RegisterContext): Promise<readonly KeyDescription[]> {
  const { describeKey } = await import('../../crypto/openpgp-key-description.ts');
  const { ask } = asking(signal);
  const found: KeyDescription[] = [];
  for (const { file, read } of recipients) {
    const key = await ask(`the key file ${file}`, async () => describeKey(await read(), clock.now()));
    if (key !== undefined) found.push(key);
  }
  return found;
}
