import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './command.ts';

/** A function of a program, as the profiler names it. */
export interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What was on the stack for how long. */
export interface StackTime {
  /** The outermost function first. */
  readonly stack: readonly Frame[];
  /** Processor time in microseconds. */
  readonly time: number;
}

/** What `--cpu-prof` writes for a thread. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: Frame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the processor's time of a Node program goes, over all its threads; idle time does not count. */
export async function profileOf(args: readonly string[]): Promise<readonly StackTime[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-profile-'));
  try {
    await runProgram(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, ...args]);
    const profiles = (await readdir(folder)).map(
      async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile,
    );
    return (await Promise.all(profiles)).flatMap(stackTimes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function stackTimes({ nodes, samples, timeDeltas }: CpuProfile): readonly StackTime[] {
  const times = new Map<number, number>();
  for (const [index, sample] of samples.entries())
    times.set(sample, (times.get(sample) ?? 0) + (timeDeltas[index] ?? 0));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  return [...times].flatMap(([id, time]) => {
    const stack: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = frames.get(at);
      if (frame !== undefined && frame.functionName !== '(root)') stack.unshift(frame);
    }
    const isIdle = ['(idle)', '(program)'].includes(stack.at(-1)?.functionName ?? '(idle)');
    return isIdle ? [] : [{ stack, time }];
  });
}

export interface Share {
  readonly where: string;
  /** Of all processor time, 0 to 1. */
  readonly share: number;
}

/** Sums the time up by what a function on top of the stack belongs to, the largest first. */
export function sharesBy(stacks: readonly StackTime[], group: (frame: Frame) => string): readonly Share[] {
  const sums = new Map<string, number>();
  for (const { stack, time } of stacks) {
    const top = stack.at(-1);
    if (top !== undefined) sums.set(group(top), (sums.get(group(top)) ?? 0) + time);
  }
  const total = [...sums.values()].reduce((sum, time) => sum + time, 0);
  return [...sums]
    .map(([where, time]) => ({ where, share: Number((time / total).toFixed(3)) }))
    .sort((a, b) => b.share - a.share);
}

/** The kind of work that a function does in a backup. */
export function kindOf({ functionName, url }: Frame): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.includes('zlib')) return 'zstd, packing and unpacking';
  if (url.includes('crypto/hash')) return 'hashes: rows, parts, MDC';
  if (url.includes('crypto/cipher') || functionName === 'jobPromise' || url.includes('openpgp-seipd'))
    return 'AES';
  if (url.includes('/platform/copy-out')) return 'reading the socket';
  return 'all else';
}

/** The module that a function stands in: a file of ours, a package, or a part of Node. */
export function moduleOf({ functionName, url }: Frame): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(built in)';
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? url.replace(/^.*\/dist\//, '');
}

export function functionOf(frame: Frame): string {
  return `${frame.functionName === '' ? '(anonymous)' : frame.functionName}, ${moduleOf(frame)}:${frame.lineNumber + 1}`;
}
