/** A bucket whose keys can be listed; the objects themselves are not read. */
export interface KeySource {
  /** As the data map calls it. */
  readonly bucket: string;
  /**
   * The keys of its newest objects. An error of it is a `KeySourceError`.
   */
  readonly keys: () => AsyncIterable<string>;
}

/** Why a bucket cannot be listed, in words that repeat no key. */
export class KeySourceError extends Error {}
