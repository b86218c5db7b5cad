import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scanLogs } from '../../src/lib/subject/log/index.ts';

const name = 'ann@example.org';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}
const scan = (...patterns: readonly string[]) =>
  scanLogs(
    patterns.map((pattern) => join(folder, pattern)),
    { names: [name], signal: new AbortController().signal },
  );
const inFolder = (path: string) => join(folder, path);

const log = [
  'GET / ann@example.org',
  'GET /?to=ann%40example.org by ann@example.org',
  'joann@example.org',
  '',
  'bob',
  'x ann@example.org',
].join('\n');

describe('lines that name somebody are counted', () => {
  test.each<[string, string | Uint8Array]>([
    ['plain', log],
    ['with the end of its last line', `${log}\n`],
    ['by gzip', gzipSync(log)],
    ['by zstd', zstdCompressSync(Buffer.from(log))],
  ])('in a file %s', async (_, content) => {
    await file('access.log', content);
    const result = await scan('access.log');
    const place = `log file ${inFolder('access.log')}`;
    expect(result).toEqual({
      logs: [{ file: inFolder('access.log'), lines: 3 }],
      found: [
        { place, column: 'line', form: 'text', rows: 3 },
        { place, column: 'line', form: 'url-encoded', rows: 1 },
      ],
      unasked: [],
      places: 1,
      lines: 6,
      bytes: content.length,
    });
  });

  test('also where a line is longer than memory is for it, and where it ends in the next piece that is read', async () => {
    const filler = 'y'.repeat(3_000_000);
    await file(
      'a.log',
      `${filler} ann@example.org ${filler}\nann@example.org\n${filler} nobody\nann@example.org`,
    );
    expect(await scan('a.log')).toMatchObject({ logs: [{ lines: 3 }], lines: 4 });
    const short = 'line of somebody\n'.repeat(100_000);
    await file('b.log', `${short}ann@example.org\n${short}`);
    expect(await scan('b.log')).toMatchObject({ logs: [{ lines: 1 }], lines: 200_001 });
  });

  test('wherever the pieces that are read end, and far from each other', async () => {
    const filler = `${'z'.repeat(70)} of somebody\n`.repeat(9000);
    const parts = Array.from({ length: 6 }, (_, n) => `${'w'.repeat(n * 11)} ann@example.org\n${filler}`);
    await file('a.log', parts.join('').slice(0, -1));
    expect(await scan('a.log')).toMatchObject({ logs: [{ lines: 6 }], lines: 6 + 6 * 9000 });
  });

  test('and a name that goes on in the next line is found, though no line holds it', async () => {
    await file('mail.log', 'to ann@exam=\r\nple.org\nnobody\n');
    expect(await scan('mail.log')).toMatchObject({
      logs: [],
      found: [{ column: 'lines', form: 'text', rows: 1 }],
    });
  });
});

describe('files are found', () => {
  test('by wildcards, in folders below, each once', async () => {
    for (const path of ['a.log', 'a.log.1.gz', 'b.txt', '.a.log', 'x/a.log', 'x/y/c.log', 'x/.hid/c.log'])
      await file(path, name);
    const files = async (...patterns: readonly string[]) => {
      const { logs } = await scan(...patterns);
      return logs.map((one) => one.file.slice(folder.length + 1));
    };
    expect(await files('*.log*')).toEqual(['a.log', 'a.log.1.gz']);
    expect(await files('?.log', 'a.*')).toEqual(['a.log', 'a.log.1.gz']);
    expect(await files('**/*.log')).toEqual(['a.log', 'x/a.log', 'x/y/c.log']);
    expect(await files('x/**')).toEqual(['x/a.log', 'x/y/c.log']);
    expect(await files('*/a.log')).toEqual(['x/a.log']);
    expect(await files('.a*')).toEqual(['.a.log']);
    expect(await files('[ab].log')).toEqual([]);
  });

  test('and one that is not there, or may not be read, is told; a wildcard may match nothing yet', async () => {
    await file('broken.gz', gzipSync('x'.repeat(999)).subarray(0, 20));
    expect((await scan('*.none')).unasked).toEqual([]);
    const result = await scan('gone.log', 'gone/*.log', 'broken.gz');
    expect(result.unasked).toEqual([
      { source: `log file ${inFolder('gone.log')}`, reason: 'there is no such file' },
      { source: `log file ${inFolder('gone')}`, reason: 'there is no such file' },
      { source: `log file ${inFolder('broken.gz')}`, reason: 'it is not gzip to its end' },
    ]);
    expect(result.places).toBe(0);
  });

  test('what cannot be looked at below a wildcard is told', async () => {
    await file('a.log', name);
    await symlink(inFolder('b.log'), inFolder('b.log'));
    expect(await scan('*.log')).toMatchObject({
      places: 1,
      unasked: [
        { source: `log file ${inFolder('b.log')}`, reason: 'its symbolic links go round in a circle' },
      ],
    });
  });

  test('and one that is named after somebody is not named', async () => {
    await file('ann@example.org.log', 'x');
    await file('bob@example.org.log', name);
    const result = await scan('*.log');
    expect(result.found.map(({ column }) => column).toSorted()).toEqual(['line', 'name']);
    expect(JSON.stringify(result)).not.toMatch(/ann@|bob@/);
  });
});
