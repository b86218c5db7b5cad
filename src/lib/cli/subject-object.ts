import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { fileProblem } from '../base/file-problem.ts';
import type { SubjectObjectResult } from '../subject/objection/results.ts';
import { checkedState } from './checked-state.ts';
import type { PosternContext } from './context.ts';
import { keyMap, withPlatform } from './key-census.ts';
import { operationContext } from './operation-context.ts';
import { whoIsMeant } from './subject-find.ts';
import { requireSubjectKeys } from './subject-keys.ts';

interface ObjectFlags {
  readonly channel?: string | undefined;
  readonly reason?: string | undefined;
  readonly 'one-person'?: boolean;
  readonly shared?: readonly string[] | undefined;
  readonly withdraw: boolean;
  readonly export?: string | undefined;
  readonly check?: string | undefined;
  readonly rehash?: string | undefined;
}

/** What is meant where no channel is named: Article 21(2) of the GDPR. */
const usualChannel = 'marketing';

/**
 * Does the one thing that was asked for.
 * @param print writes a list to standard output
 * @throws {PosternError} exit 2: `object-what`, `channel-invalid`, `file-unreadable`, `file-unwritable`; as what it does
 */
export async function subjectObject(
  context: PosternContext,
  person: string | undefined,
  flags: ObjectFlags,
  print: (text: string) => void,
): Promise<SubjectObjectResult> {
  requireOne(person, flags);
  const channel = channelOf(flags.channel);
  const library = await import('../subject/objection/index.ts');
  if (flags.export !== undefined) {
    const at = context.clock.now();
    const state = await checkedState(context);
    const { text, result } = await library.suppressionList(state, context.profile, { channel, at });
    if (flags.export === '-') print(text.trimEnd());
    else await writeList(flags.export, text);
    return result;
  }
  const comparing = { hasher: await requireSubjectKeys(context), map: await keyMap(context) };
  if (flags.check !== undefined) {
    const named = { lines: linesOf(flags.check), channel: channel ?? usualChannel };
    return library.checkLines(await checkedState(context), context.profile, comparing, named);
  }
  const operation = await operationContext(context);
  if (flags.rehash !== undefined) return library.rehashLines(operation, comparing, linesOf(flags.rehash));
  const objection = {
    who: await whoIsMeant(person ?? ''),
    onePerson: flags['one-person'],
    shared: flags.shared,
    channel: channel ?? usualChannel,
    reason: flags.reason?.trim() || undefined,
  };
  return withPlatform(context, (db): Promise<SubjectObjectResult> => {
    const objecting = { ...comparing, db };
    return flags.withdraw
      ? library.withdrawFor(operation, objecting, objection)
      : library.objectFor(operation, objecting, objection);
  });
}

/** Standard output holds one document. @throws {PosternError} exit 2, always */
export function refuseListAndJson(): never {
  throw usageError('the list and the JSON document cannot both be on standard output', {
    code: 'object-what',
    hints: ['write the list to a file: --export FILE'],
  });
}

function requireOne(person: string | undefined, { export: list, check, rehash }: ObjectFlags): void {
  if ([person, list, check, rehash].filter((given) => given !== undefined).length === 1) return;
  throw usageError('one thing at a time: a person, --export, --check or --rehash', {
    code: 'object-what',
    hints: ['for a person, give an address or subject.identity=value, or - for standard input'],
  });
}

function channelOf(given: string | undefined): string | undefined {
  if (given === undefined || /^[a-z][a-z0-9-]{0,62}$/.test(given)) return given;
  throw usageError(`${JSON.stringify(given)} cannot be the name of a channel`, {
    code: 'channel-invalid',
    hints: ['use lowercase letters, digits and -, beginning with a letter'],
  });
}

/** Of standard input where the file is `-`. */
async function* linesOf(file: string): AsyncIterable<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Infinity });
  } catch (cause) {
    throw usageError(`${file} cannot be read: ${fileProblem(cause)}`, { code: 'file-unreadable', cause });
  }
}

async function writeList(file: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(file, text);
  } catch (cause) {
    throw usageError(`${file} cannot be written: ${fileProblem(cause)}`, { code: 'file-unwritable', cause });
  }
}

/** What came of it, for standard output; nothing of a list that stands there already. */
export function objectedLines(result: SubjectObjectResult): readonly string[] {
  if (result.did === 'check') return result.suppressed.map(String);
  if (result.did === 'object')
    return [`${counted(result.names, 'name')} on the list of ${result.channel}, ${result.added} of them new`];
  if (result.did === 'withdraw')
    return [`${counted(result.removed, 'name')} taken from the list of ${result.channel}`];
  if (result.did === 'rehash')
    return [`${counted(result.rehashed, 'name')} of ${result.checked} put under the current key`];
  return [];
}

/** What is said beside it, on standard error. */
export function objectedNotes(result: SubjectObjectResult): readonly string[] {
  if (result.did === 'export') {
    const under = result.keyIds.length === 0 ? '' : `, under the keys ${result.keyIds.join(', ')}`;
    return [`${counted(result.entries, 'line')}${under}`];
  }
  if (result.did === 'check')
    return [
      `${result.suppressed.length} of ${counted(result.checked, 'name')} must not be written to in ${result.channel}`,
    ];
  return [];
}

export function objectedWarnings(result: SubjectObjectResult): readonly string[] {
  const unreadable =
    'unreadable' in result && result.unreadable.length > 0
      ? [
          `no name stands in ${result.unreadable.length === 1 ? 'line' : 'lines'} ${listed(result.unreadable)}`,
        ]
      : [];
  if (result.did === 'object' && !result.found)
    return ['the platform has no such person: the name alone is on the list'];
  if (result.did === 'check')
    return [
      ...unreadable,
      ...result.unknown.map(
        ({ keyId, entries }) =>
          `${counted(entries, 'name')} on the list under key ${keyId}, which is not configured: whether a line names one of them is not known`,
      ),
    ];
  if (result.did !== 'rehash') return unreadable;
  return [
    ...unreadable,
    ...result.remaining.map(({ keyId, entries, configured }) =>
      configured
        ? `${counted(entries, 'name')} on the list under key ${keyId}, which must stay configured`
        : `${counted(entries, 'name')} on the list under key ${keyId}, which is not configured: nobody finds them`,
    ),
  ];
}

const listed = (numbers: readonly number[]): string =>
  numbers.length <= 10
    ? numbers.join(', ')
    : `${numbers.slice(0, 10).join(', ')} and ${numbers.length - 10} more`;

export function objectedExit(result: SubjectObjectResult): ExitCode {
  if (result.did === 'check' && result.suppressed.length > 0) return ExitCode.findings;
  return 'unreadable' in result && result.unreadable.length > 0 ? ExitCode.incomplete : ExitCode.done;
}
