import { availableParallelism } from 'node:os';
import { egressBudget, parseLevel, readsContents, type VerifyManyOptions } from '../backup/verify/index.ts';
import { usageError } from '../base/error.ts';
import { secretKeys, setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';
import { optionalState } from './optional-state.ts';
import { type OpenedStores, setStores } from './set-stores.ts';
import { sizeFlag } from './size-flag.ts';

/** What `backup verify` was asked for. */
export interface VerifyFlags {
  readonly set: string | undefined;
  readonly all: boolean;
  readonly level: string;
  readonly resume: boolean;
  readonly maxEgress: string | undefined;
  readonly seed: string | undefined;
}

/** @throws {PosternError} exit 2 for flags that make no sense together */
export async function verifyOptions(context: PosternContext, flags: VerifyFlags): Promise<VerifyManyOptions> {
  const level = parseLevel(flags.level);
  if (flags.set !== undefined && flags.all) throw conflict('a set and --all exclude each other');
  if (flags.resume && !readsContents(level))
    throw conflict(`--resume goes on with reading, and --level ${level} reads no files`);
  if (flags.seed !== undefined && !level.startsWith('sample'))
    throw conflict(`--seed repeats a sample, and --level ${level} is none`);
  return {
    which: flags.all ? 'all' : flags.set === undefined ? 'newest' : { setId: flags.set },
    level,
    mode: flags.resume ? 'resume' : 'anew',
    seed: flags.seed,
    egress: egressBudget(flags.maxEgress === undefined ? undefined : sizeFlag('max-egress', flags.maxEgress)),
    keys: await secretKeys(context),
    workers: context.settings('backup').workers ?? availableParallelism(),
    signal: context.signal,
    progress: context.progress,
    clock: context.clock,
    state: await optionalState(
      context,
      readsContents(level)
        ? 'this verification is not on record and cannot be resumed'
        : 'this verification is not on record',
    ),
  };
}

/** The destinations to look at: all, or the named one, or the first. @throws {PosternError} exit 2 */
export async function verifyStores(
  context: PosternContext,
  where: 'all' | { readonly from: string | undefined },
): Promise<OpenedStores> {
  if (where === 'all') return setStores(context);
  return { stores: [await setStore(context, where.from)], unopened: [] };
}

function conflict(message: string): Error {
  return usageError(message, { code: 'flags-conflict' });
}
