/**
 * Merges sorted streams into one, in which equal items come once. Each stream is read one item ahead, and is ended
 * when the reader stops.
 */
export async function* mergeSorted<T>(
  streams: readonly AsyncGenerator<T>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T> {
  try {
    const heads = await Promise.all(streams.map((stream) => stream.next()));
    for (;;) {
      const first = smallest(heads, compare);
      if (first === undefined) return;
      yield first.item;
      for (const [index, head] of heads.entries()) {
        const stream = streams[index];
        if (stream === undefined || head.done === true || compare(head.value, first.item) !== 0) continue;
        heads[index] = await stream.next();
      }
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined)));
  }
}

function smallest<T>(
  heads: readonly IteratorResult<T, unknown>[],
  compare: (a: T, b: T) => number,
): { readonly item: T } | undefined {
  let least: { readonly item: T } | undefined;
  for (const head of heads) {
    if (head.done === true) continue;
    if (least === undefined || compare(head.value, least.item) < 0) least = { item: head.value };
  }
  return least;
}
