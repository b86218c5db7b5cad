import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { OpenpgpContext } from './context.ts';

/** The encryption key that an applied rotation published, from its journal; null for a signer. */
export async function publishedKeyId(context: OpenpgpContext, { id, body }: Plan): Promise<string | null> {
  const { results } = progressOf(await readJournal(await context.state(), id));
  const keyId = results.get(body.steps.length - 1)?.['encryptionKeyId'];
  return typeof keyId === 'string' ? keyId : null;
}
