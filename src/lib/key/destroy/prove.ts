import { incomplete, messageOf, PosternError, refused } from '../../base/error.ts';
import { sqlState } from '../../base/postgres.ts';
import { disabled } from './rule/disabled.ts';
import { drillPassed } from './rule/drill-passed.ts';
import { noAliasOrGrant } from './rule/no-alias-or-grant.ts';
import { noBackup } from './rule/no-backup.ts';
import { noDataKey } from './rule/no-data-key.ts';
import { noQuarantine } from './rule/no-quarantine.ts';
import { notConfigured } from './rule/not-configured.ts';
import { notUsed } from './rule/not-used.ts';
import type { KeyRule, Look, RuleName, RuleTask } from './rule/rule.ts';

const looks: Readonly<Record<RuleName, Look>> = {
  'no-data-key': noDataKey,
  'no-quarantine': noQuarantine,
  'no-backup': noBackup,
  'not-configured': notConfigured,
  'drill-passed': drillPassed,
  'no-alias-or-grant': noAliasOrGrant,
  'not-used': notUsed,
  disabled,
};

/** What must hold before a key is disabled, which can be undone. */
export const retireRules: readonly RuleName[] = [
  'no-data-key',
  'no-quarantine',
  'no-backup',
  'not-configured',
  'no-alias-or-grant',
];

/** What must hold before a key is destroyed. */
export const destroyRules = Object.keys(looks) as readonly RuleName[];

/** Looks at every one of these rules, also behind one that does not hold. Changes nothing. */
export async function proveUnneeded(task: RuleTask, rules: readonly RuleName[]): Promise<readonly KeyRule[]> {
  const found: KeyRule[] = [];
  for (const rule of rules) found.push(await lookAt(rule, task));
  return found;
}

async function lookAt(rule: RuleName, task: RuleTask): Promise<KeyRule> {
  task.context.signal.throwIfAborted();
  try {
    return { rule, ...(await looks[rule](task)) };
  } catch (error) {
    task.context.signal.throwIfAborted();
    // What a service or a database refuses to tell; anything else is a bug, and is told as one.
    if (!(error instanceof PosternError) && sqlState(error) === undefined) throw error;
    const hints = error instanceof PosternError ? error.hints : [];
    return { rule, verdict: 'unknown', evidence: [messageOf(error), ...hints], until: null };
  }
}

/**
 * Lets pass only what is proven.
 * @throws {PosternError} exit 6 `key-needed` where a rule is not met; exit 4 `key-need-unknown` where all that stands
 * against it is that something could not be looked at
 */
export function requireUnneeded(key: string, rules: readonly KeyRule[]): void {
  const open = rules.filter(({ verdict }) => verdict !== 'met');
  if (open.length === 0) return;
  const hints = open.map(ruleText);
  if (open.every(({ verdict }) => verdict === 'unknown')) {
    throw incomplete(`it cannot be told whether ${key} is still needed`, { code: 'key-need-unknown', hints });
  }
  throw refused(`${key} is still needed: ${open.length} of ${rules.length} rules do not hold`, {
    code: 'key-needed',
    hints,
  });
}

/** `no-backup, not met: needed until 2027-01-03 by set 20260301T020000Z-9f2c41d0 at offsite` */
export function ruleText({ rule, verdict, evidence, until }: KeyRule): string {
  const date =
    until === null || evidence.some((text) => text.includes(until.slice(0, 10))) ? '' : `; until ${until}`;
  return `${rule}, ${verdict.replace('-', ' ')}: ${evidence.join('; ')}${date}`;
}
