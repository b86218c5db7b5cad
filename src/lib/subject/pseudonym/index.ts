export {
  type PseudonymKey,
  type PseudonymKeys,
  pseudonym,
  pseudonymKeysOf,
  pseudonymVersion,
  rotatedPseudonym,
} from './pseudonym.ts';
