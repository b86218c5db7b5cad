import type { PosternError } from '../../base/error.ts';

/** Of these the message names the place and nothing else, where a whole bucket was asked for. */
const plain: ReadonlySet<string> = new Set([
  'bucket-missing',
  'store-credentials',
  'store-not-a-store',
  'store-refused',
  'store-unavailable',
  'store-unreachable',
  'store-wrong-region',
]);

const words: Readonly<Record<string, string>> = {
  'object-corrupt': 'its bytes are not those that were stored',
  'object-missing': 'it is listed, and the store does not find it',
  'store-credentials': 'the store does not accept the credentials',
  'store-refused': 'the store refuses to give it',
  'store-unavailable': 'the store is not available',
  'store-unreachable': 'the store cannot be reached',
  'store-unordered': 'it does not list its keys in byte order',
};

/** Why an object could not be read. Messages of stores name the key, which may name a person: none is repeated. */
export function objectReason({ code = '' }: PosternError): string {
  return words[code] ?? (code === '' ? 'the store failed' : `the store failed (${code})`);
}

/** Why a bucket could not be listed. */
export function bucketReason(error: PosternError): string {
  return plain.has(error.code ?? '') ? error.message : objectReason(error);
}
