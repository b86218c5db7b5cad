import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { isVerifierOf, scramParameters, scramVerifier } from '../../src/lib/crypto/scram-verifier.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await testDatabase();
  client = await connect({ url: database.url, role: 'test database' });
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

test('the server key signs the exchange that RFC 7677 shows', () => {
  const serverKey = scramVerifier('pencil', { iterations: 4096, salt }).split(':')[2] ?? '';
  const exchange = [
    'n=user,r=rOprNGfwEbeRWgbNEkqO',
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  ].join(',');
  const signature = createHmac('sha256', Buffer.from(serverKey, 'base64')).update(exchange).digest('base64');
  expect(signature).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test('what PostgreSQL itself makes of a password is what we make of it', async () => {
  await client.query(`create role scram_twin password 'corr3ct horse'`);
  const { rows } = await client.query<{ verifier: string }>(
    `select rolpassword as verifier from pg_authid where rolname = 'scram_twin'`,
  );
  await client.query('drop role scram_twin');
  const verifier = rows[0]?.verifier ?? '';
  const parameters = scramParameters(verifier);
  expect(parameters?.iterations).toBe(4096);
  expect(scramVerifier('corr3ct horse', parameters ?? { iterations: 1, salt })).toBe(verifier);
  expect(isVerifierOf(verifier, 'corr3ct horse')).toBe(true);
  expect(isVerifierOf(verifier, 'corr3ct hors3')).toBe(false);
});

test('a password whose SASLprep form might be another one is not taken', () => {
  expect(() => scramVerifier('pàss', { iterations: 4096, salt })).toThrow('printable ASCII');
  expect(() => scramVerifier('', { iterations: 4096, salt })).toThrow('printable ASCII');
});

test('any text is read as a verifier or as none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(scramParameters(text)).toBeUndefined();
      expect(isVerifierOf(text, 'password')).toBe(false);
    }),
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.integer({ min: 1, max: 9 }),
      (bytes, n) => {
        const read = scramParameters(scramVerifier('password', { iterations: n, salt: bytes }));
        expect(read).toEqual({ iterations: n, salt: Buffer.from(bytes) });
      },
    ),
  );
});
