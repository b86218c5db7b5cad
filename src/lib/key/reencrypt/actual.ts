import type { JsonObject } from '../../crypto/canonical-json.ts';
import { tookOf } from '../walk/took.ts';

/** What a re-encryption took, from the results of its steps, to stand beside its forecast. */
export const actualOf = (results: readonly JsonObject[]) => tookOf(results, ['drained', 'shredded']);
