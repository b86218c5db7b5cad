import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Parser } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import { shellQuote } from '../../../src/lib/base/shell-quote.ts';
import { type CompromiseFacts, stepsOf } from '../../../src/lib/key/compromise/steps.ts';
import { keyKinds } from '../../../src/lib/key/register/results.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { projectRoot } from '../../support/cli.ts';

type Kind = (typeof keyKinds)[number];

/** As the register has them. */
const keys: Readonly<Record<Kind, CompromiseFacts['key']>> = {
  kek: {
    id: 'kek:arn:aws:kms:eu-central-1:111122223333:key/1',
    kind: 'kek',
    name: 'data keys',
    usedFor: ['wraps 3 data keys of app.key', 'opens backup sets'],
  },
  dek: { id: 'dek:app.key:active', kind: 'dek', name: 'app.key', usedFor: [] },
  hmac: { id: 'hmac:app.hash_key:active', kind: 'hmac', name: 'app.hash_key', usedFor: [] },
  password: { id: 'password:app', kind: 'password', name: 'app', usedFor: [] },
  dkim: { id: 'dkim:example.org:s1', kind: 'dkim', name: 's1._domainkey.example.org', usedFor: [] },
  'openpgp-recipient': {
    id: `openpgp-recipient:${'A'.repeat(40)}`,
    kind: 'openpgp-recipient',
    name: 'operations <a@example.org>',
    usedFor: ['opens new backup sets'],
  },
  'openpgp-signer': {
    id: `openpgp-signer:${'B'.repeat(40)}`,
    kind: 'openpgp-signer',
    name: 'signer <a@example.org>',
    usedFor: ['signs backup sets', 'signs plans and approvals'],
  },
  'certificate-signer': {
    id: 'certificate-signer:ab',
    kind: 'certificate-signer',
    name: 'c.pem',
    usedFor: ['signs certificates'],
  },
};

const backups = { needs: ['opens 1 backup set'], setId: 'one', until: null, setIds: ['one'] };
const column = { table: 'app.token', column: 'secret', keyring: 'app.key', category: null } as const;

function facts(kind: Kind, own: Partial<CompromiseFacts> = {}): CompromiseFacts {
  const keyrings = kind === 'kek' || kind === 'dek' ? [{ keyring: 'app.key' }] : [];
  return {
    key: keys[kind],
    isConfigured: true,
    columns: [{ ...column, values: 1, bytes: 9, keys: 1, subjects: 1, tenants: null }],
    subjects: 1,
    backups,
    areSetsTold: true,
    pruneRules: 'none',
    keyrings,
    options: { asked: keys[kind].id, subject: undefined, to: undefined, isDry: false },
    ...own,
  };
}

/** The command whose words these begin with, as the command line finds it, and what follows. */
async function commandOf(words: readonly string[]): Promise<readonly [Command.Class, readonly string[]]> {
  for (let length = words.length; length > 0; length -= 1) {
    const file = join(projectRoot, 'src/commands', `${words.slice(0, length).join('/')}.ts`);
    if (!existsSync(file)) continue;
    const { default: command } = (await import(pathToFileURL(file).href)) as {
      readonly default: Command.Class;
    };
    return [command, words.slice(length)];
  }
  throw new Error(`there is no command ${words.join(' ')}`);
}

/** Numbers in place of their placeholders; all others are texts. */
const filled = (word: string): string => (word === 'N' ? '3' : word);

/** As the program does. @throws what a person would be told who typed them */
async function parseCommand(words: readonly string[]): Promise<void> {
  const [command, argv] = await commandOf(words);
  const { args, flags, baseFlags } = command;
  await Parser.parse(argv.map(filled), { args, flags: { ...baseFlags, ...flags }, strict: true });
}

const plan = { id: 'f'.repeat(64) } as Plan;
const dry = { asked: 'app.key', subject: '4711', to: 'NEW-KEY', isDry: true } as const;
const variants: readonly (readonly [string, Partial<CompromiseFacts>])[] = [
  ['as it is', {}],
  ['no longer configured', { isConfigured: false }],
  ['sets that cannot be asked', { areSetsTold: false }],
  ['with rules for pruning', { pruneRules: 'configured' }],
  ['planned', { keyrings: [{ keyring: 'app.key', plan }] }],
  ['a dry run', { keyrings: [{ keyring: 'app.key', plan }], options: dry }],
];

describe.each(keyKinds)('the commands for a key of kind %s', (kind) => {
  test.each(variants)('parse as they are typed: %s', async (_, own) => {
    for (const { command } of stepsOf(facts(kind, own))) if (command !== null) await parseCommand(command);
  });

  test('there are some', () => {
    expect(stepsOf(facts(kind)).some(({ command }) => command !== null)).toBe(true);
  });
});

test('a command with a flag that is missing, or that nobody knows, would be found', async () => {
  await expect(parseCommand(['backup', 'keys', 'init'])).rejects.toThrow('directory');
  await expect(parseCommand(['backup', 'run', '--nothing'])).rejects.toThrow('nothing');
  await expect(parseCommand(['nothing'])).rejects.toThrow('no command');
});

test('a word that a shell would take apart is quoted', () => {
  expect(shellQuote("operations <a@example.org>, O'Hara's")).toBe(
    `'operations <a@example.org>, O'\\''Hara'\\''s'`,
  );
  expect(shellQuote('arn:aws:kms:eu-central-1:111122223333:key/1')).not.toContain("'");
});
