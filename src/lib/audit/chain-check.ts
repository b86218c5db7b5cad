import { sha256Hex } from '../crypto/sha256.ts';
import type { AuditAnchor } from './append.ts';
import { genesisHash } from './entry.ts';
import type { AuditVerification } from './verify.ts';

export type AuditProblem = 'changed' | 'missing' | 'reordered' | 'inserted' | 'truncated' | 'anchor-mismatch';

export interface AuditFinding {
  readonly seq: number;
  readonly problem: AuditProblem;
  readonly explanation: string;
}

/** A row as the database gives it: 64-bit numbers as text. */
export interface StoredEntry {
  readonly seq: string;
  readonly hash: string;
  readonly body: string;
}

/** What the walk remembers of a row once it has passed it. */
interface Seen {
  readonly seq: number;
  readonly hash: string;
  /** A finding about this row already explains why its successor does not fit. */
  readonly isSuspect: boolean;
}

const maxFindings = 100;

/** Checks the chain row by row, in ascending order of seq, and remembers two rows only. */
export class ChainCheck {
  private readonly anchor: AuditAnchor | undefined;
  private readonly findings: AuditFinding[] = [];
  private findingCount = 0;
  private entries = 0;
  private beforeLast: Seen = { seq: -1, hash: '', isSuspect: true };
  private last: Seen = { seq: 0, hash: genesisHash, isSuspect: false };

  constructor(anchor: AuditAnchor | undefined) {
    this.anchor = anchor;
  }

  add(row: StoredEntry): void {
    const seq = Number(row.seq);
    const own = claims(row.body);
    const follows = this.checkNumber(seq);
    const isSuspect = seq <= this.last.seq || !this.checkRow(seq, row, own);
    if (follows && !isSuspect && !this.last.isSuspect) this.checkLink(seq, own.previousHash);
    if (this.anchor?.seq === seq && this.anchor.hash !== row.hash) {
      this.report(
        seq,
        'anchor-mismatch',
        'the anchor holds another hash: the log was rewritten here or before',
      );
    }
    this.entries += 1;
    this.beforeLast = this.last;
    this.last = { seq, hash: row.hash, isSuspect };
  }

  end(): AuditVerification {
    if (this.anchor !== undefined && this.last.seq < this.anchor.seq) {
      this.report(
        this.last.seq + 1,
        'truncated',
        `the log ends before entry ${this.anchor.seq} of the anchor`,
      );
    }
    const { entries, findings, findingCount } = this;
    const head = entries === 0 ? {} : { head: { seq: this.last.seq, hash: this.last.hash } };
    return { entries, ...head, findings, findingCount };
  }

  /** Whether the row directly follows the last one. */
  private checkNumber(seq: number): boolean {
    const expected = this.last.seq + 1;
    if (seq < expected) this.report(seq, 'inserted', 'its number is taken or below 1');
    if (seq > expected) {
      const gap = seq - 1 === expected ? `entry ${expected} is` : `entries ${expected} to ${seq - 1} are`;
      this.report(expected, 'missing', `${gap} gone`);
    }
    return seq === expected;
  }

  /** Whether the row is what it was written as. */
  private checkRow(seq: number, { body, hash }: StoredEntry, own: Claims): boolean {
    if (sha256Hex(body) !== hash) {
      this.report(seq, 'changed', 'its body does not have its hash');
      return false;
    }
    if (own.seq === seq) return true;
    this.report(seq, 'reordered', `it was written as entry ${own.seq ?? '(without a number)'}`);
    return false;
  }

  private checkLink(seq: number, previousHash: string | undefined): void {
    if (previousHash === this.last.hash) return;
    if (previousHash === this.beforeLast.hash) {
      this.report(this.last.seq, 'inserted', `entry ${seq} was chained to the one before it`);
    } else if (this.last.seq === 0) {
      this.report(seq, 'missing', 'it is not the first entry that was written');
    } else {
      this.report(this.last.seq, 'changed', `entry ${seq} was chained to another one in its place`);
    }
  }

  private report(seq: number, problem: AuditProblem, explanation: string): void {
    this.findingCount += 1;
    if (this.findings.length < maxFindings) this.findings.push({ seq, problem, explanation });
  }
}

interface Claims {
  readonly seq?: number;
  readonly previousHash?: string;
}

/** What a body says of itself, however damaged it is. */
function claims(body: string): Claims {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null) return {};
    return {
      ...('seq' in parsed && typeof parsed.seq === 'number' ? { seq: parsed.seq } : {}),
      ...('previousHash' in parsed && typeof parsed.previousHash === 'string'
        ? { previousHash: parsed.previousHash }
        : {}),
    };
  } catch {
    return {};
  }
}
