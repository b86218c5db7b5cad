import { silentProgress } from '../../../src/lib/base/progress.ts';
import { defaultCryptoperiods } from '../../../src/lib/config/cryptoperiod-settings.ts';
import type { RegisterContext } from '../../../src/lib/key/register/context.ts';
import { readRegister } from '../../../src/lib/key/register/index.ts';
import type { RegisterOptions } from '../../../src/lib/key/register/register.ts';
import type { KeyListResult, KeyRow } from '../../../src/lib/key/register/results.ts';

export const day = 86_400_000;

/** A profile that has nothing, unless told. */
export function registerContextWith(own: Partial<RegisterContext> = {}): RegisterContext {
  return {
    profile: 'test',
    clock: { now: () => new Date() },
    progress: silentProgress,
    signal: new AbortController().signal,
    cryptoperiods: defaultCryptoperiods,
    recipients: [],
    signers: [],
    ...own,
  };
}

export function listKeys(
  own: Partial<RegisterContext>,
  options: Partial<RegisterOptions> = {},
): Promise<KeyListResult> {
  return readRegister(registerContextWith(own), { within: 30 * day, census: 'last', ...options });
}

/** The codes of a key's findings. */
export const codesOf = ({ findings }: KeyRow): readonly string[] => findings.map(({ code }) => code);

/** A clock that stands so many days from now. */
export const inDays = (days: number): RegisterContext['clock'] => ({
  now: () => new Date(Date.now() + days * day),
});
