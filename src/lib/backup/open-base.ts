import { integrityError, PosternError } from '../base/error.ts';
import type { SetStore } from './context.ts';
import { keepIntegrityIn } from './finding.ts';
import { fileName } from './format/layout.ts';
import { openSignedSet, type SignedSet } from './read-set.ts';
import type { VerifyFinding } from './verify/results.ts';

/**
 * Opens a set that holds mail objects of another one.
 * @returns undefined when it is gone, or nobody vouches for it: that is among the findings then, by its name
 * @throws {PosternError} exit 1 and 6 as `openSignedSet`
 */
export function openBase(
  sets: SetStore,
  setId: string,
  findings: VerifyFinding[],
): Promise<SignedSet | undefined> {
  return keepIntegrityIn(
    findings,
    'signature',
    { folder: `${setId}/`, file: fileName.manifest },
    async () => {
      try {
        return await openSignedSet(sets, setId);
      } catch (error) {
        if (!(error instanceof PosternError) || error.code !== 'set-missing') throw error;
        throw integrityError(`the set ${setId}, which holds mail objects of this one, is gone`, {
          code: 'file-missing',
          cause: error,
        });
      }
    },
  );
}
