/** Parameters of Punycode (RFC 3492 §5). */
const base = 36;
const tMin = 1;
const tMax = 26;
const skew = 38;
const damp = 700;
const firstBias = 72;
const firstCode = 128;

const digits = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A label of a domain in Punycode (RFC 3492 §6.3), without `xn--`. */
export function punycode(label: string): string {
  const codes = Array.from(label, (character) => character.codePointAt(0) ?? 0);
  const plain = codes.filter((code) => code < firstCode);
  let output = plain.map((code) => String.fromCodePoint(code)).join('') + (plain.length > 0 ? '-' : '');
  let handled = plain.length;
  let bias = firstBias;
  let delta = 0;
  let next = firstCode;
  for (const code of [...new Set(codes)].filter((one) => one >= firstCode).toSorted((a, b) => a - b)) {
    delta += (code - next) * (handled + 1);
    for (const other of codes) {
      if (other < code) delta += 1;
      if (other !== code) continue;
      output += variableLength(delta, bias);
      bias = adapted(delta, handled + 1, { isFirst: handled === plain.length });
      delta = 0;
      handled += 1;
    }
    delta += 1;
    next = code + 1;
  }
  return output;
}

function variableLength(delta: number, bias: number): string {
  let output = '';
  let rest = delta;
  for (let k = base; ; k += base) {
    const threshold = Math.min(Math.max(k - bias, tMin), tMax);
    if (rest < threshold) return output + digits.charAt(rest);
    output += digits.charAt(threshold + ((rest - threshold) % (base - threshold)));
    rest = Math.floor((rest - threshold) / (base - threshold));
  }
}

function adapted(delta: number, points: number, { isFirst }: { readonly isFirst: boolean }): number {
  let rest = Math.floor(delta / (isFirst ? damp : 2));
  rest += Math.floor(rest / points);
  let k = 0;
  for (; rest > ((base - tMin) * tMax) / 2; k += base) rest = Math.floor(rest / (base - tMin));
  return k + Math.floor(((base - tMin + 1) * rest) / (rest + skew));
}
