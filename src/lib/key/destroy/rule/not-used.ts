import { serverTime } from '../../../state/server-time.ts';
import { disabled } from './disabled.ts';
import { type Look, met, notMet, unknown } from './rule.ts';

/** By how much a service may be late to tell of a use. */
const lag = 3_600_000;

/**
 * The service has seen no use of the key for that long. A file of keys does not record uses: there, that the key has been
 * disabled for that long stands for it.
 */
export const notUsed: Look = async (task) => {
  const { context, kms, key, soak } = task;
  const last = await kms.lastUse(key.keyId);
  if (last.known === 'unknown') {
    if (kms.access !== undefined) return unknown(last.why);
    const off = await disabled(task);
    return off.verdict === 'met'
      ? met(`${last.why}; but it is ${off.evidence.join(', ')}`)
      : notMet([`${last.why}, and it is not disabled for long enough either`], off.until);
  }
  const since = last.known === 'used' ? last.at : last.since;
  const until = new Date(since.getTime() + soak + lag);
  const isLongAgo = (await serverTime(await context.state())) >= until;
  if (last.known === 'used') {
    const text = `last used at ${since.toISOString()} (${last.operation})`;
    return isLongAgo ? met(text) : notMet([text], until.toISOString());
  }
  const text = `not used since the service began to watch, at ${since.toISOString()}`;
  return isLongAgo ? met(text) : notMet([`${text}, which is not long enough`], until.toISOString());
};
