import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Pair } from './pairs.ts';

/** The file that every benchmark writes; docs/performance.md explains it. */
export interface BenchResult {
  readonly name: string;
  readonly commit: string;
  readonly node: string;
  readonly postgres: string | null;
  readonly cpus: number;
  readonly pairs: readonly Pair[];
  readonly scale: readonly { readonly size: number; readonly seconds: number; readonly peakRssMb: number }[];
  readonly profile: readonly { readonly where: string; readonly share: number }[];
}

export function saveResult(result: Omit<BenchResult, 'commit' | 'node' | 'cpus'>): void {
  const { name, ...rest } = result;
  const full: BenchResult = {
    name,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    node: process.version,
    cpus: availableParallelism(),
    ...rest,
  };
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${name}.json`, `${JSON.stringify(full, undefined, 2)}\n`);
  process.stdout.write(`${table(full)}\n`);
}

function table({ pairs, scale, profile }: BenchResult): string {
  const rows = pairs.map(
    ({ work, peer, oursMedian, peerMedian, ratioMedian, ratioMin, ratioMax, goal, met }) =>
      `| ${work} | ${peer} | ${oursMedian} | ${peerMedian} | ${ratioMedian} (${ratioMin}–${ratioMax}) | ${goal} | ${met ? 'yes' : 'no'} |`,
  );
  const lines = [
    '| work | peer | ours, s | peer, s | ratio (spread) | goal | met |',
    '|---|---|--:|--:|--:|--:|---|',
    ...rows,
  ];
  for (const { size, seconds, peakRssMb } of scale)
    lines.push(`scale ${size}: ${seconds} s, peak ${peakRssMb} MB`);
  for (const { where, share } of profile) lines.push(`profile ${where}: ${(share * 100).toFixed(1)} %`);
  return lines.join('\n');
}
