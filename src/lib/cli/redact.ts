import { secretReference } from '../config/secret.ts';

/** `secret_key` is none of them: that is the configuration's name for the path of a key. */
const secretName = /pass(word|phrase)?$|secret$|secretKey$|secret_access_key$|token$|private_?key$/i;

/**
 * A copy in which every string under a name that says "secret" is replaced, and every URL loses its password; where
 * a secret is (`${file:…}`) may be told. The last net under `--json`: results should hold no secrets in the first
 * place.
 */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => redact(item));
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'string') return value.replaceAll(/(\w+:\/\/[^:@/\s]+):[^@/\s]+@/g, '$1:***@');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretName.test(key) && typeof item === 'string' && !secretReference.test(item) ? '***' : redact(item),
    ]),
  );
}
