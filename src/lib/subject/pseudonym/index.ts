export {
  type PseudonymKeys,
  pseudonym,
  pseudonymKeysOf,
  pseudonymVersion,
  rotatedPseudonym,
} from './pseudonym.ts';
