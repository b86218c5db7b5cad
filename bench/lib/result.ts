import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Pair } from './pairs.ts';

/** The file that every benchmark writes, into BENCH_RESULTS when that is set; docs/performance.md explains it. */
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
  const folder = process.env['BENCH_RESULTS'] ?? 'bench/results';
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(full, undefined, 2)}\n`);
  process.stdout.write(`${table(full)}\n`);
}

function table({ pairs, scale, profile }: BenchResult): string {
  const lines: string[] = [];
  if (pairs.length > 0)
    lines.push(
      '| work | peer | ours, s (spread) | peer, s (spread) | ratio (spread) | goal | met | runs | our peak memory |',
      '|---|---|--:|--:|--:|--:|---|--:|--:|',
      ...pairs.map(row),
    );
  for (const { size, seconds, peakRssMb } of scale)
    lines.push(`scale ${size}: ${seconds} s, peak ${peakRssMb} MB`);
  for (const { where, share } of profile) lines.push(`profile ${where}: ${(share * 100).toFixed(1)} %`);
  return lines.join('\n');
}

function row(pair: Pair): string {
  const cells = [
    pair.work,
    pair.peer.replaceAll('|', '\\|'),
    `${pair.oursMedian} (${pair.oursMin}–${pair.oursMax})`,
    `${pair.peerMedian} (${pair.peerMin}–${pair.peerMax})`,
    `${pair.ratioMedian} (${pair.ratioMin}–${pair.ratioMax})`,
    pair.goal.toFixed(2),
    pair.met ? 'yes' : 'no',
    pair.runs,
    pair.peakRssMb === null ? '' : `${pair.peakRssMb} MB`,
  ];
  return `| ${cells.join(' | ')} |`;
}
