import { serverTime } from '../../../state/server-time.ts';
import { lastRetirement } from '../history/retirement.ts';
import { type Look, met, notMet } from './rule.ts';

/** The key has been disabled by `key retire` for as long as it takes to hear of whoever misses it. */
export const disabled: Look = async ({ context, key, soak }) => {
  const { at, isEnabledSince } = await lastRetirement(context, key.arn);
  const begins = `\`postern key retire ${key.arn}\` begins the time`;
  if (key.state === 'enabled') return notMet([`it is enabled: ${begins}`]);
  if (key.state !== 'disabled') return notMet([`it is ${key.state.replace('-', ' ')}`]);
  if (at === null)
    return notMet([`it is disabled, and no \`key retire\` on record says since when: ${begins}`]);
  if (isEnabledSince) return notMet([`it was enabled again after \`key retire\`: ${begins}`]);
  const until = new Date(Date.parse(at) + soak);
  if ((await serverTime(await context.state())) < until) {
    return notMet([`disabled since ${at}, which is not long enough`], until.toISOString());
  }
  return met(`disabled since ${at}`);
};
