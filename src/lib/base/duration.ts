/** Milliseconds per unit, largest first. Months and years are missing on purpose: their length varies. */
const unit = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;

/** A thousand years: whatever is longer is a slip, and would leave the range of a Date. */
const longest = 365_250 * unit.d;

const short = /^(?:(\d+) ?w ?)?(?:(\d+) ?d ?)?(?:(\d+) ?h ?)?(?:(\d+) ?m(?:in)? ?)?(?:(\d+) ?s)?$/;
/** ISO 8601-1 §5.5.2, whole numbers, weeks alone or days and time. */
const iso = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)$/;

/**
 * Reads `8d`, `36h`, `90m`, `45s`, `2w`, `1d12h`, or ISO 8601 `P30D`, `PT12H`, as milliseconds.
 * @returns undefined when the text is no duration, or one of nothing, or of more than a thousand years
 */
export function parseDuration(text: string): number | undefined {
  const [, ...counts] = short.exec(text.trim()) ?? iso.exec(text.trim()) ?? [];
  const milliseconds = Object.values(unit).reduce(
    (sum, size, index) => sum + Number(counts[index] ?? 0) * size,
    0,
  );
  return milliseconds > 0 && milliseconds <= longest ? milliseconds : undefined;
}

const shown = [
  ['d', unit.d],
  ['h', unit.h],
  ['min', unit.m],
  ['s', unit.s],
  ['ms', 1],
] as const;

/** Milliseconds for a person: `8 d`, `1 h 30 min`, `45 s`; the two largest units, rounded. */
export function formatDuration(milliseconds: number): string {
  const rest = Math.abs(milliseconds);
  const first = shown.findIndex(([, size]) => rest >= size);
  const [, finest] = shown[first === -1 ? 4 : Math.min(first + 1, 3)] ?? shown[4];
  const precision = rest < unit.s ? 1 : finest;
  const rounded = Math.round(rest / precision) * precision;
  const parts = shown.flatMap(([name, size], index) => {
    const larger = shown[index - 1]?.[1];
    const count = Math.floor((larger === undefined ? rounded : rounded % larger) / size);
    return count === 0 || size < precision ? [] : [`${count} ${name}`];
  });
  const sign = milliseconds < 0 && parts.length > 0 ? '-' : '';
  return `${sign}${parts.slice(0, 2).join(' ') || '0 s'}`;
}
