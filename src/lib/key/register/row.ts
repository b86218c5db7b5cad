import type { KeyFinding, KeyNeed, KeyRow, KeyVerdict } from './results.ts';

/** What a source knows of a key; the rest follows. */
export interface KeyFacts {
  readonly id: string;
  readonly kind: KeyRow['kind'];
  readonly name: string;
  readonly state: string;
  readonly version?: string;
  readonly keys?: number;
  readonly created?: Date;
  /** Since when it is used as it is now; `created` unless told. */
  readonly activated?: Date;
  /** Milliseconds; left out where time does not wear the key: it encrypts and signs no more. */
  readonly cryptoperiod?: number;
  /** When the key itself ends. */
  readonly expires?: Date;
  readonly keysOverdue?: number;
  readonly held?: { readonly values: number; readonly bytes: number };
  readonly encryptionsLeft?: number;
  readonly usedFor?: readonly string[];
  readonly needed?: readonly KeyNeed[];
  /** What is done when its end comes. */
  readonly atEnd?: string;
  /** What is to be done whatever its age is, in place of `atEnd`. */
  readonly next?: KeyRow['next'];
  readonly findings?: readonly KeyFinding[];
}

/** Against what ends are held. */
export interface Watch {
  readonly now: Date;
  /** Milliseconds: what ends sooner is due. */
  readonly within: number;
}

/** A row of the register: age, end and verdict follow from what its source knows. */
export function keyRow(facts: KeyFacts, watch: Watch): KeyRow {
  const { created, activated = created, cryptoperiod, expires } = facts;
  const end = earliest(
    activated === undefined || cryptoperiod === undefined
      ? undefined
      : new Date(activated.getTime() + cryptoperiod),
    expires,
  );
  const atEnd = end !== undefined && facts.atEnd !== undefined;
  const findings = [...(facts.findings ?? []), ...(end === undefined ? [] : endFindings(facts, end, watch))];
  return {
    id: facts.id,
    kind: facts.kind,
    name: facts.name,
    state: facts.state,
    version: facts.version ?? null,
    keys: facts.keys ?? 1,
    created: timeOf(created),
    activated: timeOf(activated),
    ageSeconds:
      activated === undefined ? null : Math.floor((watch.now.getTime() - activated.getTime()) / 1000),
    cryptoperiodSeconds: cryptoperiod === undefined ? null : Math.round(cryptoperiod / 1000),
    ends: timeOf(end),
    keysOverdue: facts.keysOverdue ?? (end !== undefined && end <= watch.now ? (facts.keys ?? 1) : 0),
    values: facts.held?.values ?? null,
    bytes: facts.held?.bytes ?? null,
    encryptionsLeft: facts.encryptionsLeft ?? null,
    usedFor: [...(facts.usedFor ?? [])],
    needed: [...(facts.needed ?? [])],
    next: facts.next ?? (atEnd ? { action: facts.atEnd, from: end.toISOString() } : null),
    verdict: worstVerdict(findings.map((finding) => finding.verdict)),
    findings,
  };
}

function endFindings(
  { expires, keys = 1, keysOverdue = keys }: KeyFacts,
  end: Date,
  { now, within }: Watch,
): readonly KeyFinding[] {
  const what = expires?.getTime() === end.getTime() ? 'the key' : 'its cryptoperiod';
  const on = end.toISOString().slice(0, 10);
  const whose =
    keys === 1 ? '' : ` for ${keysOverdue.toLocaleString('en')} of ${keys.toLocaleString('en')} keys`;
  if (end <= now)
    return [{ code: 'key-overdue', verdict: 'overdue', message: `${what} ended on ${on}${whose}` }];
  if (end.getTime() - now.getTime() > within) return [];
  return [{ code: 'key-due', verdict: 'due', message: `${what} ends on ${on}` }];
}

const order: readonly KeyVerdict[] = ['fine', 'due', 'unknown', 'overdue'];

/** What is known to be overdue counts for more than what is not known. */
export function worstVerdict(verdicts: readonly KeyVerdict[]): KeyVerdict {
  return verdicts.reduce<KeyVerdict>(
    (worst, verdict) => (order.indexOf(verdict) > order.indexOf(worst) ? verdict : worst),
    'fine',
  );
}

function earliest(...ends: readonly (Date | undefined)[]): Date | undefined {
  return ends
    .filter((end) => end !== undefined)
    .toSorted((a, b) => a.getTime() - b.getTime())
    .at(0);
}

const timeOf = (time: Date | undefined): string | null => time?.toISOString() ?? null;
