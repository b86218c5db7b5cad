import type { RegisterContext } from './context.ts';
import { type RegisterOptions, readRegister } from './register.ts';
import type { KeyStatusResult } from './results.ts';
import { worstVerdict } from './row.ts';

/** Says whether every key is within its cryptoperiod and nothing about it is to be mended. */
export async function keyStatus(
  context: RegisterContext,
  options: RegisterOptions,
): Promise<Omit<KeyStatusResult, 'report'>> {
  const at = context.clock.now().toISOString();
  const { keys, census, unasked } = await readRegister(context, options);
  return {
    profile: context.profile,
    verdict: worstVerdict([...keys.map(({ verdict }) => verdict), ...unasked.map(() => 'unknown' as const)]),
    at,
    withinSeconds: Math.round(options.within / 1000),
    keys,
    census,
    unasked,
  };
}
