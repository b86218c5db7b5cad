import { describe, expect, test } from 'vitest';
import { runScript } from '../../src/lib/backup/raw-query.ts';
import {
  chooseSchemaDumper,
  comparableSchema,
  dumpSchema,
  type SchemaDumper,
} from '../../src/lib/backup/schema-dump/index.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { describeWith } from '../support/optional.ts';
import { testDatabase } from '../support/postgres.ts';
import { createZoo, zooRoles } from '../support/zoo/zoo.ts';

type Major = 15 | 16 | 17 | 18;
type Encoding = 'UTF8' | 'SQL_ASCII';

interface Dump {
  readonly preData: Buffer;
  readonly postData: Buffer;
}

async function dump(dumper: SchemaDumper, url: string, encoding: Encoding): Promise<Dump> {
  const warnings: string[] = [];
  const options = { url, encoding, onWarning: (warning: string) => warnings.push(warning) };
  const preData = await dumpSchema(dumper, { ...options, sections: 'pre-data' });
  const postData = await dumpSchema(dumper, { ...options, sections: 'post-data' });
  expect(warnings).toEqual([]);
  return { preData, postData };
}

async function restore(url: string, { preData, postData }: Dump): Promise<void> {
  await withConnection({ url, role: 'copy' }, async (client) => {
    await runScript(client, preData);
    await runScript(client, postData);
  });
}

/** Lines as Latin-1 text, in which a difference can be shown whatever the encoding. */
function comparable({ preData, postData }: Dump): readonly string[] {
  return [preData, postData].flatMap((section) => comparableSchema(section).toString('latin1').split('\n'));
}

async function withDatabases<T>(
  options: { readonly major: Major; readonly encoding: Encoding; readonly count: number },
  work: (urls: readonly string[]) => Promise<T>,
): Promise<T> {
  const databases = [];
  try {
    for (let n = 0; n < options.count; n += 1) databases.push(await testDatabase(options));
    return await work(databases.map(({ url }) => url));
  } finally {
    for (const database of databases) await database.drop();
  }
}

/** Every owner has to be there before a restore. */
function ownersIn({ preData, postData }: Dump): ReadonlySet<string> {
  const text = Buffer.concat([preData, postData]).toString('latin1');
  const owners = [...text.matchAll(/^ALTER .* OWNER TO (.*);$/gm)].map(([, owner = '']) => owner);
  expect(owners).toContain('zoo_owner');
  return new Set(owners.map((owner) => owner.replace(/^"|"$/g, '').replaceAll('""', '"')));
}

/** Two names in different encodings: the dump as a whole is no text in any. */
function expectRawBytes({ preData }: Dump): void {
  expect(preData.includes(Buffer.from('CREATE TABLE zoo."caf\xe9" (', 'latin1'))).toBe(true);
  expect(preData.includes(Buffer.from('CREATE TABLE zoo."caf\xc3\xa9" (', 'latin1'))).toBe(true);
}

const majors: readonly Major[] = [15, 16, 17, 18];
const encodings: readonly Encoding[] = ['UTF8', 'SQL_ASCII'];

describe.each(majors)('the schema zoo on PostgreSQL %i', (major) => {
  test.each(encodings)(
    'in %s is dumped without a native pg_dump and comes back the same',
    async (encoding) => {
      await withDatabases({ major, encoding, count: 2 }, async ([zoo = '', copy = '']) => {
        await createZoo(zoo, { extra: ['raw_names'] });
        const dumper = await chooseSchemaDumper({ serverVersion: major * 10_000, prefer: 'wasm' });
        const original = await dump(dumper, zoo, encoding);
        expect(['postgres', ...zooRoles]).toEqual(expect.arrayContaining([...ownersIn(original)]));
        if (encoding === 'SQL_ASCII') expectRawBytes(original);
        await restore(copy, original);
        expect(comparable(await dump(dumper, copy, encoding))).toEqual(comparable(original));
      });
    },
  );
});

/** How pg_dump 18 and pg_dump 15 spell the same: this list is all that differs. */
function asPgDump15(dump18: readonly string[]): readonly string[] {
  return dump18.map((line) =>
    line
      .replace(/^ALTER (?:SEQUENCE|VIEW|MATERIALIZED VIEW) (.* OWNER TO )/, 'ALTER TABLE $1')
      .replace(/^ALTER FOREIGN TABLE ONLY /, 'ALTER FOREIGN TABLE ')
      // Version 17 added MAINTAIN, so what was all to version 15 is not all to version 18.
      .replace('SELECT,INSERT,REFERENCES,DELETE,TRIGGER,TRUNCATE,UPDATE ON TABLE', 'ALL ON TABLE')
      .replace(/^(ALTER DEFAULT PRIVILEGES .* (?:GRANT|REVOKE) .* ON \w+) (TO|FROM) /, '$1  $2 '),
  );
}

describeWith(['psql'], 'native pg_dump, which comes with psql,', () => {
  test.each(encodings)('writes the zoo in %s as the built-in one does', async (encoding) => {
    await withDatabases({ major: 15, encoding, count: 3 }, async ([zoo = '', ofNative = '', ofWasm = '']) => {
      await createZoo(zoo, { extra: ['raw_names'] });
      const wasm = await chooseSchemaDumper({ serverVersion: 150_000, prefer: 'wasm' });
      const native = await chooseSchemaDumper({ serverVersion: 150_000, prefer: 'native' });
      const byWasm = await dump(wasm, zoo, encoding);
      const byNative = await dump(native, zoo, encoding);
      const spelt = native.major === 15 ? asPgDump15 : (lines: readonly string[]) => lines;
      if (native.major === 15 || native.major === 18) {
        expect(spelt(comparable(byWasm))).toEqual(comparable(byNative));
      }
      await restore(ofNative, byNative);
      await restore(ofWasm, byWasm);
      const restored = await dump(wasm, ofWasm, encoding);
      expect(await dump(wasm, ofNative, encoding)).toEqual(restored);
    });
  });
});
