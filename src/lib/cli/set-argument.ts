import { Args } from '@oclif/core';
import type { SetStore } from '../backup/context.ts';

/** The optional argument of the commands that look at one set. */
export const setArgument = {
  set: Args.string({
    description: 'the set, as `backup list` names it; the newest complete one unless given',
    ignoreStdin: true,
  }),
};

/** The set that was asked for, or the newest complete one. Errors as `chooseSet`. */
export async function resolveSet(sets: SetStore, asked: string | undefined): Promise<string> {
  const { chooseSet } = await import('../backup/read-set.ts');
  const { listSets } = await import('../backup/list.ts');
  return chooseSet(sets, asked, asked === undefined ? await listSets(sets) : []);
}
