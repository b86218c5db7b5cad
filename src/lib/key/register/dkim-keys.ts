import { nextAction, overdue } from '../dkim/calendar.ts';
import { type DkimContext, type RegisteredSelector, readSelectors } from '../dkim/index.ts';
import type { KeyFinding, KeyRow } from './results.ts';
import { keyRow, type Watch } from './row.ts';

/** A row for every DKIM selector whose key is not destroyed. No name server is asked; `key dkim check` does that. */
export async function dkimRows(context: DkimContext, watch: Watch): Promise<readonly KeyRow[]> {
  const selectors = await readSelectors(await context.state(), context.profile);
  const rows = selectors
    .filter(({ state }) => state !== 'destroyed')
    .map((selector) => dkimRow(context, selector, watch));
  const silent = context.domains.filter((domain) =>
    selectors.every((selector) => selector.domain !== domain || selector.state !== 'active'),
  );
  return [...rows, ...silent.map((domain) => unsignedRow(domain, watch))];
}

function dkimRow(context: DkimContext, selector: RegisteredSelector, watch: Watch): KeyRow {
  const isConfigured = context.domains.includes(selector.domain);
  const isSigning = selector.state === 'active' && isConfigured;
  const limits = {
    cryptoperiod: isConfigured ? context.domain(selector.domain).cryptoperiod : Number.POSITIVE_INFINITY,
  };
  const next = selector.state === 'active' && !isConfigured ? null : nextAction(selector, limits);
  const { keyType, bits, activeSince, isCompromised } = selector;
  return keyRow(
    {
      id: `dkim:${selector.domain}:${selector.selector}`,
      kind: 'dkim',
      name: `${selector.selector}._domainkey.${selector.domain}`,
      state: isCompromised ? `${selector.state}, compromised` : selector.state,
      created: new Date(selector.createdAt),
      ...(activeSince === null ? {} : { activated: new Date(activeSince) }),
      ...(isSigning ? { cryptoperiod: limits.cryptoperiod } : {}),
      usedFor: [`${keyType === 'rsa' ? `rsa-${bits}` : keyType} of ${selector.domain}`],
      next,
      findings: [
        ...(isSigning || next === null
          ? []
          : overdue(selector, limits, watch.now).map(
              (message): KeyFinding => ({ code: 'step-overdue', verdict: 'overdue', message }),
            )),
        ...(isCompromised && !gone.includes(selector.state)
          ? [
              {
                code: 'key-compromised',
                verdict: 'overdue',
                message: 'it is compromised and not revoked',
              } as const,
            ]
          : []),
      ],
    },
    watch,
  );
}

/** What no verifier believes any more. */
const gone: readonly string[] = ['revoked', 'removing', 'removed', 'destroyed'];

function unsignedRow(domain: string, watch: Watch): KeyRow {
  return keyRow(
    {
      id: `dkim:${domain}`,
      kind: 'dkim',
      name: domain,
      state: 'no key',
      keys: 0,
      next: { action: 'adopt the selector that signs, or make one', from: null },
      findings: [
        { code: 'no-selector', verdict: 'overdue', message: 'no selector is known to sign for this domain' },
      ],
    },
    watch,
  );
}
