import { audited } from '../../audit/audited.ts';
import { refused, usageError } from '../../base/error.ts';
import type { DkimContext } from './context.ts';
import { differences, isAsWanted, judge } from './judge.ts';
import { readKeyFile } from './key-folder.ts';
import { type Observation, observeSelector } from './observe.ts';
import { addSelector, readSelectors } from './register.ts';

/** A selector that signs already, made by whatever means. */
export interface Adoption {
  readonly domain: string;
  readonly selector: string;
  /** Of its private key, absolute; it stays where it is. */
  readonly keyFile: string;
}

/**
 * Registers a selector that signs already, once every authoritative server has the record of its private key.
 * @throws {PosternError} exit 2 `dkim-selector-invalid`, `dkim-key-unreadable`; exit 4 `dns-unanswered`; exit 6
 * `dkim-selector-known`, `dkim-not-published`
 */
export async function adoptSelector(
  context: DkimContext,
  { domain, selector, keyFile }: Adoption,
): Promise<Observation> {
  context.domain(domain);
  requireLabels(selector);
  const key = await readKeyFile(keyFile);
  if (key === undefined) throw usageError(`there is no file ${keyFile}`, { code: 'dkim-key-unreadable' });
  const known = await readSelectors(await context.state(), context.profile, domain);
  if (known.some((entry) => entry.selector === selector))
    throw refused(`the register knows ${selector} of ${domain} already`, { code: 'dkim-selector-known' });
  const observation = await observeSelector(domain, selector, context.dns, () => context.clock.now());
  const answers = judge(observation, key, 'key').filter(({ role }) => role === 'authoritative');
  if (!isAsWanted(answers)) {
    throw refused(`${observation.name} is not published as this key's: ${differences(answers).join('; ')}`, {
      code: 'dkim-not-published',
      hints: ['give the private key that signs with this selector, or mend the zone first'],
    });
  }
  const detail = { domain, selector, publicKey: key.publicKey };
  await audited(context, { action: 'key.dkim-adopt', target: domain, detail }, async () => {
    const entry = { domain, selector, ...key, origin: 'adopted', keyFile } as const;
    await addSelector(await context.state(), context.profile, entry, { state: 'active' });
  });
  return observation;
}

/** A selector is one label or several (RFC 6376 §3.1). */
function requireLabels(selector: string): void {
  if (/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/.test(selector))
    return;
  throw usageError(
    `${JSON.stringify(selector)} is no selector: lowercase letters, digits, - and _, labels with dots`,
    {
      code: 'dkim-selector-invalid',
    },
  );
}
