import type { Automaton } from './automaton.ts';

/** Capitals are in the class of their small letters. */
export function foldingClasses({ classOf }: Automaton): Uint16Array {
  return classOf.map((own, byte) => (byte >= 0x41 && byte <= 0x5a ? (classOf[byte + 0x20] ?? 0) : own));
}
