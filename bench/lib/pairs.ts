import type { Measured } from './peak-memory.ts';

/** One comparison: the same work by us and by a peer, taking turns. */
export interface Pair {
  readonly peer: string;
  readonly work: string;
  readonly unit: string;
  readonly oursMedian: number;
  readonly oursMin: number;
  readonly oursMax: number;
  readonly peerMedian: number;
  readonly peerMin: number;
  readonly peerMax: number;
  /** Peer's time over ours: above 1, ours is faster. */
  readonly ratioMedian: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
  readonly goal: number;
  readonly met: boolean;
  readonly runs: number;
  /** Of our process, over all runs; null where none was measured. */
  readonly peakRssMb: number | null;
}

export interface PairOptions {
  readonly peer: string;
  readonly work: string;
  /** At or above this, the goal is met. */
  readonly goal: number;
  readonly runs: number;
  readonly ours: () => Promise<Measured>;
  /** Seconds. */
  readonly theirs: () => Promise<number>;
}

/** A B A B …: what disturbs the machine disturbs both. Each function does the work once. */
export async function runPair({ peer, work, goal, runs, ours, theirs }: PairOptions): Promise<Pair> {
  const our: number[] = [];
  const their: number[] = [];
  let peakRssMb = 0;
  for (let run = 0; run < runs; run += 1) {
    const measured = await ours();
    our.push(measured.seconds);
    peakRssMb = Math.max(peakRssMb, measured.peakRssMb);
    their.push(await theirs());
    process.stderr.write(
      `  ${work} / ${peer}: ours ${our.at(-1)?.toFixed(3)} s, theirs ${their.at(-1)?.toFixed(3)} s\n`,
    );
  }
  const ratio = spread(their.map((seconds, index) => seconds / (our[index] ?? Number.NaN)));
  const [oursSpread, peerSpread] = [spread(our), spread(their)];
  return {
    peer,
    work,
    unit: 's',
    oursMedian: oursSpread.median,
    oursMin: oursSpread.min,
    oursMax: oursSpread.max,
    peerMedian: peerSpread.median,
    peerMin: peerSpread.min,
    peerMax: peerSpread.max,
    ratioMedian: ratio.median,
    ratioMin: ratio.min,
    ratioMax: ratio.max,
    goal,
    met: ratio.median >= goal,
    runs,
    peakRssMb,
  };
}

function spread(values: readonly number[]) {
  return {
    median: round(median(values)),
    min: round(Math.min(...values)),
    max: round(Math.max(...values)),
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
