import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareLines,
  formatLine,
  type IndexLine,
  parseLine,
} from '../../src/lib/backup/objects/index-line.ts';
import { memberNames } from '../../src/lib/backup/objects/member-name.ts';
import { mergeSorted } from '../../src/lib/backup/objects/merge-sorted.ts';
import { partStream } from '../../src/lib/backup/objects/part-stream.ts';
import {
  paddingOf,
  parseTarHead,
  type TarMember,
  tarEnd,
  tarHead,
} from '../../src/lib/backup/objects/tar-header.ts';
import { PosternError } from '../../src/lib/base/error.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { describeWith } from '../support/optional.ts';

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
  .filter((value) => !value.includes('\0'));
const attributeName = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
const member: fc.Arbitrary<TarMember> = fc.record({
  name: text,
  size: fc.oneof(fc.nat(), fc.integer({ min: 8 ** 11 - 2, max: Number.MAX_SAFE_INTEGER })),
  modified: fc.date({ min: new Date(-1000), max: new Date('2200-01-01'), noInvalidDate: true }),
  attributes: fc.dictionary(attributeName, text),
});

describe('a header of the archive', () => {
  test('says again what was put into it, and is whole blocks', () => {
    fc.assert(
      fc.property(member, (given) => {
        const head = tarHead(given);
        expect(head.byteLength % 512).toBe(0);
        const { modified: _modified, ...told } = given;
        expect(parseTarHead(head)).toEqual(told);
      }),
    );
  });

  test('that was changed anywhere that counts is refused, and nothing else happens', () => {
    fc.assert(
      fc.property(member, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
        const head = tarHead(given);
        head[at % head.byteLength] = (head[at % head.byteLength] ?? 0) ^ change;
        try {
          parseTarHead(head);
        } catch (error) {
          expect(error).toMatchObject({ exitCode: 5, code: 'tar-malformed' });
        }
      }),
    );
  });

  test('that is made of anything else is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2048 }), (bytes) => {
        expect(() => parseTarHead(Buffer.from(bytes))).toThrow(PosternError);
      }),
    );
  });
});

describeWith(['python3'], 'an archive of hard names', ({ python3 }) => {
  test('reads the same in Python, with its attributes', () => {
    const members = [
      { name: 'mail/plain', attributes: {} },
      { name: `mail/${'long/'.repeat(100)}x`, attributes: { mime_type: 'text/plain' } },
      { name: 'mail/über\nfeed=😀', attributes: { 'postern.meta.a': 'b=c\nd', 'postern.version': '7' } },
      { name: 'x'.repeat(100), attributes: {} },
      { name: 'x'.repeat(101), attributes: {} },
    ];
    const body = Buffer.from('body');
    const archive = Buffer.concat([
      ...members.flatMap((one) => [
        tarHead({ ...one, size: body.byteLength, modified: new Date('2026-03-01T02:00:00Z') }),
        body,
        Buffer.alloc(paddingOf(body.byteLength)),
      ]),
      tarEnd,
    ]);
    const script = `import tarfile, sys, json
t = tarfile.open(fileobj=sys.stdin.buffer, mode='r|')
k = 'SCHILY.xattr.user.'
print(json.dumps([[m.name, m.size, m.mtime, t.extractfile(m).read().decode(), {n[len(k):]: v for n, v in m.pax_headers.items() if n.startswith(k)}] for m in t]))`;
    const read: unknown = JSON.parse(
      execFileSync(python3, ['-c', script], { input: archive, encoding: 'utf8' }),
    );
    expect(read).toEqual(members.map(({ name, attributes }) => [name, 4, 1_772_330_400, 'body', attributes]));
  });
});

test('a key is its own name in the archive unless no folder could hold it', () => {
  const name = memberNames('mail');
  const hashed = (key: string): string => `mail.keys/${sha256Hex(key)}`;
  expect(['/a', 'a', 'a-b', 'a/b', 'a/b/c', 'b//c', 'd/', `e${'x'.repeat(255)}`, 'f'].map(name)).toEqual([
    hashed('/a'),
    'mail/a',
    'mail/a-b',
    hashed('a/b'),
    hashed('a/b/c'),
    hashed('b//c'),
    hashed('d/'),
    hashed(`e${'x'.repeat(255)}`),
    'mail/f',
  ]);
});

const line: fc.Arbitrary<IndexLine> = fc.oneof(
  fc.record({
    bucket: text,
    key: text,
    missing: fc.constant(true as const),
    reason: fc.constantFrom('absent' as const, 'damaged' as const, 'name' as const),
    referenced: fc.boolean(),
  }),
  fc.record(
    {
      bucket: text,
      key: text,
      size: fc.nat(),
      sha256: fc.constant('ab'.repeat(32)),
      modified: text,
      set: text,
      offset: fc.nat(),
      head: fc.integer({ min: 1, max: 4096 }),
      referenced: fc.boolean(),
      versionId: text,
      contentType: text,
      metadata: fc.dictionary(attributeName, text),
    },
    { requiredKeys: ['bucket', 'key', 'size', 'sha256', 'modified', 'set', 'offset', 'head', 'referenced'] },
  ),
);

describe('a line of the index', () => {
  test('says again what was put into it, and is one line', () => {
    fc.assert(
      fc.property(line, (given) => {
        const written = formatLine(given);
        expect(written.indexOf(0x0a)).toBe(written.byteLength - 1);
        expect(parseLine(written.toString().trimEnd())).toEqual(given);
      }),
    );
  });

  test('that is anything else is refused', () => {
    const malformed = expect.objectContaining({ code: 'objects-index-malformed' });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (other) => {
        expect(() => parseLine(other)).toThrow(malformed);
      }),
    );
  });

  test('comes in the byte order of bucket and key', () => {
    const at = (bucket: string, key: string): IndexLine => ({
      bucket,
      key,
      missing: true,
      reason: 'absent',
      referenced: true,
    });
    const sorted = [at('a', 'z'), at('b', '\u{ffff}'), at('b', '\u{10000}'), at('ba', 'a')];
    expect(sorted.toReversed().toSorted(compareLines)).toEqual(sorted);
  });
});

test('sorted streams become one, in which nothing comes twice', async () => {
  const ascending = fc.uniqueArray(fc.nat(50)).map((items) => items.toSorted((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(fc.array(ascending, { maxLength: 5 }), async (arrays) => {
      const streams = arrays.map(async function* (items) {
        yield* items;
      });
      const merged: number[] = [];
      for await (const item of mergeSorted(streams, (a, b) => a - b)) merged.push(item);
      expect(merged).toEqual([...new Set(arrays.flat())].toSorted((a, b) => a - b));
    }),
  );
});

test('a stream is cut into parts of one size, and no byte is lost or doubled', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.integer({ min: 1, max: 40 }),
      async (chunks, size) => {
        const parts: Buffer[] = [];
        const stream = partStream(size, async (part, bytes, used) => {
          expect(part).toBe(parts.length + 1);
          parts.push(Buffer.from(bytes, 0, used));
        });
        for (const chunk of chunks) await stream.write(chunk);
        const whole = Buffer.concat(chunks);
        expect(stream.offset).toBe(whole.byteLength);
        await stream.finish();
        expect(Buffer.concat(parts)).toEqual(whole);
        expect(parts.slice(0, -1).every((part) => part.byteLength === size)).toBe(true);
      },
    ),
  );
});
