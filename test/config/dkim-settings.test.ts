import { expect, test } from 'vitest';
import { dkimSettings } from '../../src/lib/config/dkim-settings.ts';

const problems = (own: object, domain: object = {}): readonly string[] => {
  const parsed = dkimSettings.safeParse({ folder: 'dkim', domains: { 'example.org': domain }, ...own });
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message);
};

test('addresses of servers are read in every form, and nothing else is', () => {
  const parsed = dkimSettings.parse({
    folder: 'dkim',
    resolvers: ['192.0.2.1', '192.0.2.1:5353', '2001:db8::1', '[2001:db8::1]:5353', '[::1]'],
    domains: { 'example.org': {} },
  });
  expect(parsed.resolvers).toEqual([
    { address: '192.0.2.1', port: 53 },
    { address: '192.0.2.1', port: 5353 },
    { address: '2001:db8::1', port: 53 },
    { address: '2001:db8::1', port: 5353 },
    { address: '::1', port: 53 },
  ]);
  for (const wrong of ['ns1.example.org', '192.0.2.1:0', '192.0.2.1:65536', '192.0.2', '', '192.0.2.1:53:53'])
    expect(problems({ resolvers: [wrong] }), wrong).toEqual([expect.stringMatching(/^expected an address/)]);
});

test('new selectors must be told apart by algorithm and time', () => {
  for (const right of ['{algorithm}-{yyyymm}', 'k{yyyy}{mm}{dd}{algorithm}'])
    expect(problems({}, { selector: right }), right).toEqual([]);
  expect(problems({}, { selector: 's-{yyyymm}' })).toEqual([
    expect.stringMatching(/^expected \{algorithm\}/),
  ]);
  expect(problems({}, { selector: '{algorithm}' })).toEqual([expect.stringMatching(/^expected \{yyyymm\}/)]);
  expect(problems({}, { selector: '{algorithm}.{yyyymm}; x' })).toEqual([
    expect.stringMatching(/^expected lowercase/),
  ]);
});

test('one RSA key there must be, and Ed25519 may be beside it', () => {
  expect(problems({}, { algorithms: ['rsa-2048', 'ed25519'] })).toEqual([]);
  expect(problems({}, { algorithms: ['ed25519'] })).toEqual([expect.stringMatching(/^expected one RSA key/)]);
  expect(problems({}, { algorithms: ['rsa-2048', 'rsa-4096'] })).toEqual([
    expect.stringMatching(/^expected one RSA key/),
  ]);
});

test('a domain is written in lower case, in ASCII, without a dot at the end', () => {
  for (const wrong of ['Example.org', 'example.org.', 'bücher.example', 'org', '../etc', 'a..b', '-a.b'])
    expect(problems({ domains: { [wrong]: {} } }).length, wrong).toBeGreaterThan(0);
  expect(problems({ domains: { 'xn--bcher-kva.example': {} } })).toEqual([]);
  expect(problems({ domains: {} })).toEqual(['expected at least one domain']);
});
