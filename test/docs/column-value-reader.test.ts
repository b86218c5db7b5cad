import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openColumnValue, sealColumnValue } from '../../src/lib/crypto/column-value.ts';
import { columnVectors, vectorFile } from '../crypto/column-vectors.ts';
import { projectRoot } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';

// What docs/formats/column-value.md says is enough to read a value: the reader in examples/ is written from it alone.
describeWith(['cryptography'], 'the reader of column values in examples', ({ cryptography }) => {
  const folder = mkdtempSync(join(tmpdir(), 'column-value-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(words: readonly string[], request?: object) {
    const reader = join(projectRoot, 'examples/read_column_value.py');
    return spawnSync(cryptography, ['-B', reader, ...words], {
      input: request === undefined ? '' : JSON.stringify(request),
    });
  }

  const dataKey = randomBytes(32);
  const key = { id: randomUUID(), dataKey };
  const place = { table: 'größe', column: 'note', primaryKey: ['7', 'ada@example.org'], subject: '' };
  const plaintext = Buffer.from([0, 10, 13, 255, ...Buffer.from('naïve 🗝')]);
  const hexKey = dataKey.toString('hex');

  test('opens and seals every test vector, and refuses the others with their codes', () => {
    const { status, stdout, stderr } = run(['check', vectorFile]);
    const { vectors, refused } = columnVectors;
    expect({ status, stderr: String(stderr), stdout: String(stdout) }).toEqual({
      status: 0,
      stderr: '',
      stdout: `${vectors.length} opened and sealed, ${refused.length} refused as they must be\n`,
    });
  });

  test('names each test vector that does not hold', () => {
    const document = JSON.parse(readFileSync(vectorFile, 'utf8')) as {
      vectors: { name: string; plaintext: string }[];
      refused: { name: string; code: string }[];
    };
    const [vector, negative] = [document.vectors[2], document.refused.at(-1)];
    if (vector === undefined || negative === undefined) throw new Error('there are no vectors');
    vector.plaintext += '00';
    negative.code = 'column-value-plain';
    const changed = join(folder, 'vectors.json');
    writeFileSync(changed, JSON.stringify(document));
    const { status, stderr } = run(['check', changed]);
    expect(status).toBe(1);
    expect(String(stderr).trimEnd().split('\n')).toEqual([
      `${vector.name}: sealed to something else`,
      `${vector.name}: opened to something else`,
      `${negative.name}: column-value-moved, not column-value-plain`,
    ]);
  });

  test('opens what postern seals', () => {
    const value = sealColumnValue(plaintext, key, place).toString('hex');
    const { status, stdout, stderr } = run(['open'], { dataKey: hexKey, place, value });
    expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' });
    expect(stdout.equals(plaintext)).toBe(true);
  });

  test('seals what postern opens, and never the same twice', () => {
    const request = { dataKey: hexKey, keyId: key.id, place, plaintext: plaintext.toString('hex') };
    const values = [run(['seal'], request), run(['seal'], request)].map(({ stdout }) =>
      String(stdout).trim(),
    );
    for (const value of values) {
      expect(openColumnValue(Buffer.from(value, 'hex'), dataKey, place).equals(plaintext)).toBe(true);
    }
    expect(values[0]).not.toBe(values[1]);
  });

  test('ends with 5 and says the code alone', () => {
    const value = sealColumnValue(plaintext, key, place).toString('hex');
    const request = { dataKey: hexKey, place: { ...place, subject: '1' }, value };
    const { status, stdout, stderr } = run(['open'], request);
    expect({ status, stdout: String(stdout), stderr: String(stderr) }).toEqual({
      status: 5,
      stdout: '',
      stderr: 'column-value-moved\n',
    });
  });
});
