import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './command.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the processor's time of a Node program goes, over all its threads; idle time does not count. */
export async function profileOf(
  args: readonly string[],
): Promise<readonly { readonly where: string; readonly share: number }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-profile-'));
  try {
    await runProgram(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, ...args]);
    const sums = new Map<string, number>();
    for (const name of await readdir(folder)) {
      add(sums, JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile);
    }
    const total = [...sums.values()].reduce((sum, time) => sum + time, 0);
    return [...sums]
      .map(([where, time]) => ({ where, share: Number((time / total).toFixed(3)) }))
      .sort((a, b) => b.share - a.share);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function add(sums: Map<string, number>, { nodes, samples, timeDeltas }: CpuProfile): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  for (const [index, sample] of samples.entries()) {
    const frame = frames.get(sample);
    const where = frame === undefined ? undefined : kindOf(frame.functionName, frame.url);
    if (where !== undefined) sums.set(where, (sums.get(where) ?? 0) + (timeDeltas[index] ?? 0));
  }
}

function kindOf(name: string, url: string): string | undefined {
  if (name === '(idle)' || name === '(program)') return undefined;
  if (name === '(garbage collector)') return 'garbage collection';
  if (url.includes('zlib')) return 'zstd, packing and unpacking';
  if (url.includes('crypto/hash')) return 'hashes: rows, parts, MDC';
  if (url.includes('crypto/cipher') || name === 'jobPromise' || url.includes('openpgp-seipd')) return 'AES';
  if (url.includes('/worker/copy-out')) return 'reading the socket';
  return 'all else';
}
