import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nameHasher, rowName } from '../../src/lib/subject/name-hash/index.ts';
import { projectRoot } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';

const vectorFile = join(projectRoot, 'docs/formats/name-hash-vectors.json');

// What docs/formats/name-hash.md and docs/objection.md say is enough: the example is written from them alone.
describeWith(['python3'], 'the example of name hashes', ({ python3 }) => {
  const folder = mkdtempSync(join(tmpdir(), 'name-hash-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  function run(words: readonly string[], input = '') {
    const { status, stdout, stderr } = spawnSync(
      python3,
      ['-B', join(projectRoot, 'examples/name_hash.py'), ...words],
      { input, encoding: 'utf8' },
    );
    return { status, stdout, stderr };
  }

  test('makes every test vector, and names one that does not hold', () => {
    expect(run(['check', vectorFile])).toEqual({ status: 0, stderr: '', stdout: '19 hashed\n' });
    const document = JSON.parse(readFileSync(vectorFile, 'utf8'));
    document.vectors[1].value = 'bob@example.org';
    expect(run(['check', file('vectors.json', JSON.stringify(document))])).toMatchObject({
      status: 1,
      stderr: `${document.vectors[1].name}: another hash\n`,
    });
  });

  test('makes what postern makes', () => {
    const key = randomBytes(40).toString('hex');
    const hasher = nameHasher([key]);
    for (const value of ['Ann@Example.org', ' ä@ÖÜ.example ', 'İ@σς.gr', 'a@ﬁ.example', 'x']) {
      for (const kind of ['email', 'phone', 'account.name']) {
        const request = { key, purpose: 'ledger', kind, value };
        const { stdout } = run(['hash'], JSON.stringify(request));
        expect(stdout, `${kind} ${value}`).toBe(`${hasher.hash('ledger', kind, value)}\n`);
      }
    }
    const row = { key, purpose: 'hold-row', kind: 'public.t', value: ['1', 'A'] };
    expect(run(['hash'], JSON.stringify(row)).stdout).toBe(
      `${hasher.hash('hold-row', 'public.t', rowName(['1', 'A']))}\n`,
    );
  });

  test('leaves out whom a sender must not write to, with nothing but the key for that, and stops without it', () => {
    const keys = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')] as const;
    const hasher = nameHasher(keys);
    const entries = [
      `analytics ${hasher.hash('suppression', 'email', 'bob@example.org')}`,
      `marketing ${hasher.hash('suppression', 'email', 'ann@example.org')}`,
      `marketing ${hasher.all('suppression', 'email', 'cy@example.org')[1]}`,
    ];
    const list = file(
      'list.txt',
      `# postern suppression list 1, 2026-11-23T00:00:00.000Z\n${entries.join('\n')}\n`,
    );
    const senderKeys = keys.map((key) => run(['sender-key'], `${key}\n`).stdout);
    expect(senderKeys.join('')).not.toContain(keys[0]);
    const recipients = 'ANN@example.org\nbob@example.org\ncy@Example.org\n';
    const send = (known: readonly string[]) =>
      run(['sender', list, 'marketing', file('sender.keys', known.join(''))], recipients);
    expect(send(senderKeys)).toEqual({ status: 0, stderr: '', stdout: 'bob@example.org\n' });
    const by = (variants: readonly string[], input: string) =>
      run(['sender', list, 'marketing', file('sender.keys', senderKeys.join('')), ...variants], input);
    expect(by(['plus-tag'], '\uFEFFann@example.org\nann+x@example.org\na.nn@example.org\n').stdout).toBe(
      'a.nn@example.org\n',
    );
    expect(by(['plus-tag', 'dots'], 'a.nn+x@example.org\n').stdout).toBe('');
    expect(by(['tags'], 'ann@example.org\n')).toMatchObject({ status: 1, stdout: '' });
    // Who is named is not known: nothing is written to such a line.
    const odd = 'bob@example.org\nAnn <ann@example.org>\nann@example.org,1\n"ann"@example.org\n\n';
    expect(by([], odd)).toEqual({
      status: 1,
      stdout: 'bob@example.org\n',
      stderr: 'no address, and left out: line 2, 3, 4\n',
    });
    expect(send(senderKeys.slice(0, 1))).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(hasher.keyIds[1] ?? '-'),
    });
  });
});
