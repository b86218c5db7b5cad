import { nextAction, overdue } from '../key/dkim/calendar.ts';
import type { CheckedDomain, CheckedSelector } from '../key/dkim/check.ts';
import type { DkimContext, RegisteredSelector } from '../key/dkim/index.ts';
import type { KeyDkimCheckResult, KeyDkimListResult } from '../key/dkim/results.ts';
import { type Column, visible } from './table.ts';

type Listed = KeyDkimListResult['selectors'][number];
type Checked = KeyDkimCheckResult['domains'][number];

/** A selector of the register with what is due about it. */
export function listed(context: DkimContext, selector: RegisteredSelector): Listed {
  // What the configuration no longer has is nobody's to rotate.
  const isConfigured = context.domains.includes(selector.domain);
  const limits = isConfigured ? context.domain(selector.domain) : { cryptoperiod: Number.POSITIVE_INFINITY };
  const isActive = selector.state === 'active';
  const next = isActive && !isConfigured ? null : nextAction(selector, limits);
  return {
    ...selector,
    next,
    overdue: next === null ? [] : [...overdue(selector, limits, context.clock.now())],
  };
}

export const listColumns: readonly Column<Listed>[] = [
  { header: 'domain', value: ({ domain }) => domain },
  { header: 'selector', value: ({ selector }) => selector },
  { header: 'key', value: ({ keyType, bits }) => (keyType === 'rsa' ? `rsa-${bits}` : keyType) },
  { header: 'state', value: ({ state, isCompromised }) => (isCompromised ? `${state}, compromised` : state) },
  { header: 'since', value: ({ since }) => since.slice(0, 10) },
  { header: 'next', value: ({ next }) => next?.action },
  { header: 'from', value: ({ next }) => next?.from?.slice(0, 16) },
  { header: '', value: ({ overdue: late }) => (late.length > 0 ? 'overdue' : '') },
];

export function checkResult(domains: readonly CheckedDomain[]): KeyDkimCheckResult {
  const all = domains.flatMap(({ selectors }) => selectors);
  const isFound =
    domains.some(({ findings }) => findings.length > 0) || all.some(({ findings }) => findings.length > 0);
  const isUnknown = all.some(({ unknown }) => unknown.length > 0);
  return {
    verdict: isFound ? 'findings' : isUnknown ? 'incomplete' : 'as wanted',
    domains: domains.map(({ domain, findings, selectors }) => ({
      domain,
      findings: [...findings],
      selectors: selectors.map(checkedSelector),
    })),
  };
}

function checkedSelector({ selector, answers, ...rest }: CheckedSelector): Checked['selectors'][number] {
  return {
    ...selector,
    askedAt: rest.askedAt,
    next: rest.next,
    findings: [...rest.findings],
    unknown: [...rest.unknown],
    answers: answers.map(({ role, server, asked, answer, verdict, reason }) => ({
      role,
      server,
      asked,
      says: answer.is,
      verdict,
      reason,
    })),
  };
}

/** Each selector with what is wrong with it below, for a person. */
export function checkLines({ domains }: KeyDkimCheckResult): readonly string[] {
  return domains
    .flatMap(({ domain, findings, selectors }) => [
      domain,
      ...findings.map((finding) => `  finding  ${finding}`),
      ...selectors.flatMap((selector) => [
        `  ${selector.selector}: ${selector.state}, ${agreement(selector)}`,
        ...selector.findings.map((finding) => `    finding  ${finding}`),
        ...selector.unknown.map((unknown) => `    unknown  ${unknown}`),
      ]),
    ])
    .map(visible);
}

function agreement({ answers, next }: Checked['selectors'][number]): string {
  const counted = answers.filter(({ verdict }) => verdict !== 'not counted');
  const right = counted.filter(({ verdict }) => verdict === 'as wanted').length;
  const until =
    next === null
      ? ''
      : `; next: ${next.action}${next.from === null ? '' : ` from ${next.from.slice(0, 16)}Z`}`;
  return `${right} of ${counted.length} answers as wanted${until}`;
}
