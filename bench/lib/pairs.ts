/** One comparison: the same work by us and by a peer, taking turns. */
export interface Pair {
  readonly peer: string;
  readonly work: string;
  readonly unit: string;
  readonly oursMedian: number;
  readonly peerMedian: number;
  /** Peer's time over ours: above 1, ours is faster. */
  readonly ratioMedian: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
  readonly goal: number;
  readonly met: boolean;
  readonly runs: number;
}

export interface PairOptions {
  readonly peer: string;
  readonly work: string;
  /** At or above this, the goal is met. */
  readonly goal: number;
  readonly runs: number;
  readonly ours: () => Promise<number>;
  readonly theirs: () => Promise<number>;
}

/** A B A B …: what disturbs the machine disturbs both. Each function does the work and returns its seconds. */
export async function runPair({ peer, work, goal, runs, ours, theirs }: PairOptions): Promise<Pair> {
  const our: number[] = [];
  const their: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    our.push(await ours());
    their.push(await theirs());
    process.stderr.write(
      `  ${work} / ${peer}: ours ${our.at(-1)?.toFixed(3)} s, theirs ${their.at(-1)?.toFixed(3)} s\n`,
    );
  }
  const ratios = their.map((seconds, index) => seconds / (our[index] ?? Number.NaN));
  const ratioMedian = median(ratios);
  return {
    peer,
    work,
    unit: 's',
    oursMedian: round(median(our)),
    peerMedian: round(median(their)),
    ratioMedian: round(ratioMedian),
    ratioMin: round(Math.min(...ratios)),
    ratioMax: round(Math.max(...ratios)),
    goal,
    met: ratioMedian >= goal,
    runs,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
