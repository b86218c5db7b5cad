import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { editList } from '../../src/lib/config/edit-list.ts';

const path = ['profiles', 'production', 'backup', 'recipients'];

const block = `# who opens the backups
profiles:
    staging: {backup: {recipients: [keys/a.asc, keys/b.asc]}}   # another one
    production:
        backup:
            # two at least
            recipients:
                # daily use
                - keys/operations.asc   # Alice
                - "keys/offline.asc"
            signer: {secret_key:   keys/signer.asc}
`;

test('a file is added behind the others, and every other byte stays', async () => {
  const edited = await editList(block, path, { kind: 'add', value: 'keys/new key.asc' });
  expect(edited).toBe(
    block.replace('- "keys/offline.asc"\n', '- "keys/offline.asc"\n                - "keys/new key.asc"\n'),
  );
});

test('a file is taken out with its line, and every other byte stays', async () => {
  const first = await editList(block, path, { kind: 'remove', index: 0 });
  expect(first).toBe(block.replace('                - keys/operations.asc   # Alice\n', ''));
  const second = await editList(block, path, { kind: 'remove', index: 1 });
  expect(second).toBe(block.replace('                - "keys/offline.asc"\n', ''));
});

test('a list in brackets is changed in its brackets', async () => {
  const staging = ['profiles', 'staging', 'backup', 'recipients'];
  const added = await editList(block, staging, { kind: 'add', value: 'keys/c.asc' });
  expect(added).toBe(block.replace('keys/b.asc]', 'keys/b.asc, keys/c.asc]'));
  expect(await editList(added, staging, { kind: 'remove', index: 1 })).toBe(
    block.replace('keys/b.asc', 'keys/c.asc'),
  );
  expect(await editList(added, staging, { kind: 'remove', index: 2 })).toBe(block);
  expect(await editList(block, staging, { kind: 'remove', index: 0 })).toBe(
    block.replace('keys/a.asc, ', ''),
  );
});

test('a file without a line feed at its end gets one more line', async () => {
  const text = 'a:\n  - x';
  expect(await editList(text, ['a'], { kind: 'add', value: 'y' })).toBe('a:\n  - x\n  - y\n');
});

test.each([
  ['an alias', 'keys: &keys [a, b]\nlist: *keys\n'],
  ['shared by an alias around it', 'a: &a {list: [x]}\nlist: [y]\nb: *a\n', ['a', 'list']],
  ['a merge', 'base: &base\n  list: [a]\nlist: 1\n<<: *base\n'],
  ['missing', 'other: [a]\n'],
  ['empty', 'list: []\n'],
  ['no list', 'list: a\n'],
  ['one item over two lines', 'list:\n  - a\n  -\n    b\n'],
])('a list that is %s is left alone', async (_, text, path = ['list']) => {
  await expect(editList(text, path, { kind: 'add', value: 'c' })).rejects.toMatchObject({
    exitCode: 2,
    code: 'config-not-editable',
  });
});

test('whatever the names are, the list says afterwards what was meant, or nothing was changed', async () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });
  await fc.assert(
    fc.asyncProperty(
      fc.array(name, { minLength: 2, maxLength: 4 }),
      name,
      fc.nat(),
      fc.boolean(),
      async (items, value, number, isFlow) => {
        const text = stringify(
          { before: 1, list: items, after: 2 },
          isFlow ? { collectionStyle: 'flow' } : {},
        );
        const index = number % items.length;
        for (const [edit, list] of [
          [{ kind: 'add', value } as const, [...items, value]],
          [{ kind: 'remove', index } as const, items.filter((_, other) => other !== index)],
        ] as const) {
          const edited = await editList(text, ['list'], edit).catch((error: Error) => error);
          if (edited instanceof Error) expect(edited).toMatchObject({ code: 'config-not-editable' });
          else expect(parse(edited)).toEqual({ before: 1, list, after: 2 });
        }
      },
    ),
  );
});
