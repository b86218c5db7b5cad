import { integrityError, refused } from '../../base/error.ts';
import { parseCanonicalJson } from '../../crypto/canonical-json.ts';
import { setFormat, setFormatVersion } from './layout.ts';

/** Lines of `sha256sum`: 64 hex digits, two spaces, a name. @throws {PosternError} exit 5, `set-inconsistent` */
export function parseSums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^([0-9a-f]{64}) {2}([\w.-]+(?:\/[\w.-]+)*)$/.exec(line);
    const [, sha256, name] = match ?? [];
    if (sha256 === undefined || name === undefined || sums.has(name)) {
      throw integrityError('SHA256SUMS has a line that no set has', { code: 'set-inconsistent' });
    }
    sums.set(name, sha256);
  }
  return sums;
}

interface Formatted {
  readonly format: string;
  readonly version: number;
}

/** A stub or a manifest. @throws {PosternError} exit 5 `set-inconsistent`, exit 6 `set-newer` */
export function parseFormatted<T extends Formatted>(
  bytes: Uint8Array,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: unknown } },
  what: string,
): T {
  const value = parseCanonicalJson(Buffer.from(bytes).toString()) as Partial<Formatted> | null;
  const version = Number.isInteger(value?.version) ? (value?.version ?? 0) : 0;
  if (value?.format === setFormat && version > setFormatVersion) {
    throw refused(`${what} has format ${version}, and this postern knows ${setFormatVersion}`, {
      code: 'set-newer',
      hints: [
        'use the postern that made the set, or a newer one; restore.sh inside the set works without any',
      ],
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw integrityError(`${what} does not have the form that it must have`, {
    code: 'set-inconsistent',
    cause: parsed.error,
  });
}
