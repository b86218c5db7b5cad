import { createHash } from 'node:crypto';

/** A hash that looks like a password's, of nobody's password. */
export function fakePasswordHash(seed: number, id: number): string {
  const digest = createHash('sha256').update(`${seed}:${id}`).digest('base64').replace(/=+$/, '');
  return `$scrypt$ln=16,r=8,p=1$${digest.slice(0, 22)}$${digest}`;
}
