import { chmod, readFile, writeFile } from 'node:fs/promises';

/**
 * Flips one bit in the middle of a file of a local store, as a failing disk does. The store keeps its files read-only,
 * which stops everybody but root.
 * @returns what puts the file right again
 */
export async function flipByte(path: string): Promise<() => Promise<void>> {
  const whole = await readFile(path);
  const damaged = Buffer.from(whole);
  damaged[whole.length >> 1] = (whole[whole.length >> 1] ?? 0) ^ 1;
  await chmod(path, 0o600);
  await writeFile(path, damaged);
  return () => writeFile(path, whole);
}
