import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { scramVerifier } from '../../crypto/scram-verifier.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import type { Login } from './place.ts';

const intent = z.strictObject({
  role: z.string(),
  iterations: z.number().int(),
  /** base64. */
  salt: z.string(),
  /** Of the verifier's text, lowercase hex. */
  verifierSha256: z.string(),
});

/** What the journal says of a password before a server has it: enough to know it again, and nothing to guess it by. */
export type Intent = z.infer<typeof intent>;

export function intentOf({ role, password }: Login, iterations: number): Intent {
  const salt = randomBytes(16);
  const verifierSha256 = sha256Hex(scramVerifier(password, { iterations, salt }));
  return { role, iterations, salt: salt.toString('base64'), verifierSha256 };
}

export function readIntents(result: unknown): readonly Intent[] {
  return z.object({ intents: z.array(intent) }).parse(result).intents;
}
