import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keyedHash, type NormalisingStep } from '../../src/lib/crypto/keyed-hash.ts';
import { projectRoot } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';

const vectorFile = join(projectRoot, 'docs/formats/keyed-hash-vectors.json');

// What docs/formats/keyed-hash.md says is enough to make a hash: the example is written from it alone.
describeWith(['python3'], 'the example of keyed hashes', ({ python3 }) => {
  const folder = mkdtempSync(join(tmpdir(), 'keyed-hash-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(words: readonly string[], request?: object) {
    const { status, stdout, stderr } = spawnSync(
      python3,
      ['-B', join(projectRoot, 'examples/keyed_hash.py'), ...words],
      { input: request === undefined ? '' : JSON.stringify(request), encoding: 'utf8' },
    );
    return { status, stdout, stderr };
  }

  test('makes every test vector, and refuses the others with their codes', () => {
    expect(run(['check', vectorFile])).toEqual({
      status: 0,
      stderr: '',
      stdout: '19 hashed, 2 refused as they must be\n',
    });
  });

  test('names each test vector that does not hold', () => {
    const document = JSON.parse(readFileSync(vectorFile, 'utf8'));
    document.vectors[1].value += '00';
    document.refused[0].code = 'other';
    const changed = join(folder, 'vectors.json');
    writeFileSync(changed, JSON.stringify(document));
    expect(run(['check', changed])).toMatchObject({
      status: 1,
      stderr: `${document.vectors[1].name}: another hash\n${document.refused[0].name}: hash-not-utf8, not other\n`,
    });
  });

  test('makes what postern makes, and says the code alone where there is none', () => {
    const key = randomBytes(32);
    const ask = (value: Buffer, normalise: readonly NormalisingStep[], bits: number) =>
      run(['hash'], { key: key.toString('hex'), value: value.toString('hex'), normalise, bits });
    for (const text of ['', ' Ada@Example.org\n', 'ΟΔΟΣ ΟΔΌΣ', 'naïve \u{1f5dd} İI', 'e\u0301\u212b\ufb01']) {
      for (const normalise of [[], ['nfc', 'lower'], ['trim', 'lower', 'nfc']] as const) {
        const value = Buffer.from(text);
        const hash = Buffer.from(keyedHash(key, value, { normalise, bits: 128 })).toString('hex');
        expect(ask(value, normalise, 128)).toEqual({ status: 0, stderr: '', stdout: `${hash}\n` });
      }
    }
    expect(ask(Buffer.from([255]), ['lower'], 256)).toEqual({
      status: 5,
      stdout: '',
      stderr: 'hash-not-utf8\n',
    });
  });
});
