import type { Relation } from '../../../catalog/index.ts';
import type { Finding, Rule } from '../../lint/finding.ts';
import type { DataMap } from '../../map-schema.ts';
import { objectReferences } from '../../object-references.ts';
import type { Unseen } from '../sample/unseen.ts';
import type { ObjectLook } from './find-objects.ts';
import { formOf, keyParts } from './key-form.ts';
import { type KeySource, KeySourceError } from './key-source.ts';
import { knownWords } from './known-words.ts';

/** What `map check` asks of the object store; docs/data-map.md says the same. */
export const objectRule = {
  id: 'DATA04',
  severity: 'error',
  demand: 'every key of a bucket is made by a template of the map, or stands under a prefix that it ignores',
} as const satisfies Rule;

/** Keys of a bucket that are read. */
const mostKeys = 1_000_000;
/** Forms of keys that are told one by one. */
const mostForms = 50;

/** Compares the keys of buckets with what the map says of them. Forms and counts come back, keys do not. */
export async function checkObjects(
  map: DataMap,
  relations: readonly Relation[],
  { sources, signal, onBucket }: ObjectLook,
): Promise<{ readonly findings: readonly Finding[]; readonly unseen: readonly Unseen[] }> {
  const words = knownWords(relations);
  const findings: Finding[] = [];
  const unseen: Unseen[] = [];
  for (const source of sources) {
    onBucket?.(source.bucket);
    const { bucket } = source;
    const place = { table: `bucket ${bucket}`, column: null };
    try {
      const { strange, isCut } = await strangeKeys(source, { map, words, signal });
      if (isCut)
        unseen.push({
          ...place,
          reason: `only the first ${mostKeys.toLocaleString('en')} keys were compared`,
        });
      const forms = [...strange].toSorted(([, one], [, other]) => other - one);
      for (const [form, keys] of forms) {
        const what = keys === 1 ? '1 key' : `${keys.toLocaleString('en')} keys`;
        findings.push({
          rule: objectRule.id,
          severity: objectRule.severity,
          path: ['tables'],
          message: `the bucket ${bucket} has ${what} of the form ${form}, which no template makes and nothing ignores`,
        });
      }
    } catch (error) {
      if (!(error instanceof KeySourceError)) throw error;
      unseen.push({ ...place, reason: error.message });
    }
  }
  return { findings, unseen };
}

async function strangeKeys(
  { bucket, keys }: KeySource,
  {
    map,
    words,
    signal,
  }: { readonly map: DataMap; readonly words: ReturnType<typeof knownWords>; readonly signal: AbortSignal },
): Promise<{ readonly strange: ReadonlyMap<string, number>; readonly isCut: boolean }> {
  const isCovered = coverOf(map, bucket);
  const strange = new Map<string, number>();
  let read = 0;
  for await (const key of keys()) {
    signal.throwIfAborted();
    if (read === mostKeys) return { strange, isCut: true };
    read += 1;
    if (isCovered(key)) continue;
    const own = formOf(keyParts(key, words));
    const form = strange.has(own) || strange.size < mostForms ? own : '<other>';
    strange.set(form, (strange.get(form) ?? 0) + 1);
  }
  return { strange, isCut: false };
}

/** Whether a key of the bucket is one that the map knows. A value within a key holds no slash. */
function coverOf(map: DataMap, bucket: string): (key: string) => boolean {
  const templates = objectReferences(map)
    .filter((reference) => reference.bucket === bucket)
    .map(({ key }) => {
      const isWhole = key.length === 1;
      const parts = key.map((part) => ('text' in part ? escaped(part.text) : isWhole ? '.+' : '[^/]+'));
      return new RegExp(`^${parts.join('')}$`, 's');
    });
  const prefixes = (map.ignore ?? []).flatMap((one) =>
    'bucket' in one && one.bucket === bucket ? [one.prefix ?? ''] : [],
  );
  return (key) => prefixes.some((prefix) => key.startsWith(prefix)) || templates.some((one) => one.test(key));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
