import type { DkimDomain } from './context.ts';
import type { RegisteredSelector, SelectorState } from './state.ts';

/** What is to be done next about a selector, and from when on: RFC 3339, UTC, or null for now. */
export interface NextAction {
  readonly action: string;
  readonly from: string | null;
}

type Limits = Pick<DkimDomain, 'cryptoperiod'>;

/** The next line of a selector's calendar; null when all is done. */
export function nextAction(
  { state, activeSince, notBefore }: RegisteredSelector,
  { cryptoperiod }: Limits,
): NextAction | null {
  const action = actions[state];
  if (action === null) return null;
  const isTimed = state === 'published' || state === 'grace' || state === 'revoked';
  const from = state === 'active' ? after(activeSince, cryptoperiod) : isTimed ? notBefore : null;
  return { action, from };
}

const actions: Readonly<Record<SelectorState, string | null>> = {
  prepared: 'publish its record',
  published: 'sign with it',
  active: 'rotate',
  grace: 'revoke',
  revoking: 'publish an empty p=',
  revoked: 'remove its record',
  removing: 'remove its record',
  removed: 'destroy its private key',
  destroyed: null,
};

/** Whoever looks once a day need not see what is due since this morning. */
const patience = 86_400_000;

/** What should have been done about a selector by now. */
export function overdue(selector: RegisteredSelector, limits: Limits, now: Date): readonly string[] {
  const next = nextAction(selector, limits);
  if (next?.from === null || next?.from === undefined) return [];
  const slack = selector.state === 'active' ? 0 : patience;
  if (now.getTime() <= Date.parse(next.from) + slack) return [];
  return [`overdue since ${next.from}: ${next.action}`];
}

function after(time: string | null, milliseconds: number): string | null {
  return time === null ? null : new Date(Date.parse(time) + milliseconds).toISOString();
}
