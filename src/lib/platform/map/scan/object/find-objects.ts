import type { Client } from '../../../../base/postgres.ts';
import type { Relation } from '../../../catalog/index.ts';
import type { Unseen } from '../sample/unseen.ts';
import { type Explained, explainForm } from './explain-form.ts';
import { takeInventory } from './inventory.ts';
import { type KeySource, KeySourceError } from './key-source.ts';
import { knownWords } from './known-words.ts';

/** A form of the keys of a bucket, and the rows that they belong to. */
export interface ScannedForm {
  readonly bucket: string;
  /** `raw/<number>/<number>.eml`; nothing of a value stands in it. */
  readonly form: string;
  /** How many of the keys that were read. */
  readonly keys: number;
  /** The rows; a text says why there are none. */
  readonly explained: Explained | string;
}

export interface ScannedBuckets {
  readonly forms: readonly ScannedForm[];
  readonly unseen: readonly Unseen[];
}

/** Keys of a bucket that are read. */
const mostKeys = 200_000;

export interface ObjectLook {
  readonly sources: readonly KeySource[];
  readonly signal: AbortSignal;
  /** Told before each bucket. */
  readonly onBucket?: (bucket: string) => void;
}

/** Lists buckets, sorts their keys by form, and finds the rows that each form belongs to. */
export async function findObjects(
  db: Client,
  relations: readonly Relation[],
  { sources, signal, onBucket }: ObjectLook,
): Promise<ScannedBuckets> {
  const words = knownWords(relations);
  const forms: ScannedForm[] = [];
  const unseen: Unseen[] = [];
  for (const source of sources) {
    onBucket?.(source.bucket);
    const place = { table: `bucket ${source.bucket}`, column: null };
    try {
      const inventory = await takeInventory(source, { words, limit: mostKeys, signal });
      if (inventory.isCut)
        unseen.push({ ...place, reason: `only the first ${mostKeys.toLocaleString('en')} keys were read` });
      for (const form of inventory.forms) {
        signal.throwIfAborted();
        const explained = await explainForm(db, relations, form);
        forms.push({ bucket: source.bucket, form: form.form, keys: form.keys, explained });
      }
    } catch (error) {
      if (!(error instanceof KeySourceError)) throw error;
      unseen.push({ ...place, reason: error.message });
    }
  }
  return { forms, unseen };
}
