import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataMap, Finding } from '../../../src/lib/platform/map/index.ts';
import type { Scan } from '../../../src/lib/platform/map/scan/index.ts';
import { type ScanWorld, scanWorld } from './scan-fixture.ts';
import { camelSchema } from './scan-schemas/camel.ts';
import { hostileColumns, hostileSchema } from './scan-schemas/hostile.ts';
import { legacySchema } from './scan-schemas/legacy.ts';
import { panelSchema } from './scan-schemas/panel.ts';
import { canary } from './scan-schemas/planted.ts';

const gzip = `'\\x${gzipSync(`mail of ${canary}@example.org`).toString('hex')}'::bytea`;

describe.each([camelSchema, legacySchema, panelSchema, hostileSchema])(
  'the scan of a schema with $name',
  (schema) => {
    let world: ScanWorld;
    let scan: Scan;
    let map: DataMap;
    let findings: readonly Finding[];
    beforeAll(async () => {
      world = await scanWorld(schema.sql.replaceAll(':gzip', () => gzip));
      scan = await world.scan();
      ({ map, findings } = await world.draft(scan));
    });
    afterAll(() => world?.database.drop());

    it.each(schema.planted)(
      'finds the addresses in $table.$column and says why',
      ({ table, column, paths, says, entry }) => {
        const proposals = scan.proposals.filter(
          (proposal) =>
            proposal.table === table && proposal.column === column && proposal.what === 'personal',
        );
        expect(proposals.map(({ path }) => path)).toEqual(paths ?? [null]);
        for (const { reason, value } of proposals) {
          expect(reason).toContain('addresses in ');
          expect(reason).toContain(says);
          expect(value).toBe('user.contact.email');
        }
        const field = map.tables[table]?.fields?.[column];
        expect(field).toMatchObject(entry ?? {});
        if (paths !== undefined) expect(Object.keys(field?.paths ?? {})).toEqual(paths);
      },
    );

    it('says of no other column that addresses are in it', () => {
      const found = new Set(
        scan.proposals
          .filter(({ reason }) => reason.startsWith('addresses in '))
          .map(({ table, column }) => `${table}.${column}`),
      );
      expect([...found].sort()).toEqual(
        schema.planted.map(({ table, column }) => `${table}.${column}`).sort(),
      );
      for (const [table, column] of schema.clean) expect(found).not.toContain(`${table}.${column}`);
    });

    it('finds the references that no foreign key declares', () => {
      const soft = Object.entries(map.tables).flatMap(([table, { references = [] }]) =>
        references
          .filter(({ kind }) => kind === 'soft')
          .map(({ column, to }) => [`${table}.${String(column)}`, to]),
      );
      for (const pair of schema.soft) expect(soft).toContainEqual(pair);
    });

    it('repeats no value of the database', () => {
      const { text, proposals, flaws, unseen } = scan;
      for (const output of [text, JSON.stringify({ proposals, flaws, unseen })]) {
        expect(output.toLowerCase()).not.toContain(canary);
        expect(output).not.toContain(Buffer.from(canary).toString('base64').slice(0, 14));
        expect(output).not.toContain(Buffer.from(canary).toString('hex'));
      }
    });

    it('drafts a map to which the lint says nothing but what is TODO and what the schema lacks', () => {
      const others = findings.filter(({ rule }) => rule !== 'MAP11');
      expect(others.filter(({ rule }) => rule !== 'MAP05')).toEqual([]);
      expect(scan.flaws).toEqual(others.map(({ rule, message }) => ({ rule, message })));
      expect(scan.todos).toBe(findings.length - others.length);
      expect(scan.todos).toBeGreaterThan(0);
      expect(scan.unseen).toEqual([]);
    });

    it('gives every proposal a comment with its reason and how sure it is', () => {
      const lines = scan.text.split('\n');
      for (const [index, line] of lines.entries()) {
        const isProposal =
          /^ {6}(?:- \{|[^ #-].*:)/.test(line) || /^ {4}(?:primary_key|tenant|owner):/.test(line);
        if (isProposal) expect(lines[index - 1], line).toMatch(/^ +# .+; (?:certain|high|medium|low)$/);
        if (/^ {6}- [^{]/.test(line)) expect(line).toMatch(/ # .+; (?:certain|high|medium|low)$/);
      }
    });

    it('drafts the same again', async () => {
      expect((await world.scan()).text).toBe(scan.text);
    });
  },
);

describe('what the scan takes from the catalog', () => {
  let world: ScanWorld;
  let map: DataMap;
  let scan: Scan;
  beforeAll(async () => {
    world = await scanWorld(legacySchema.sql.replaceAll(':gzip', () => gzip));
    scan = await world.scan();
    ({ map } = await world.draft(scan));
  });
  afterAll(() => world?.database.drop());

  it('keeps keys, foreign keys with their ON DELETE, and partitions with their table', () => {
    expect(map.tables['public.t_log']?.primary_key).toEqual(['l_at', 'l_nr']);
    expect(Object.keys(map.tables).filter((name) => name.startsWith('public.t_log'))).toEqual([
      'public.t_log',
    ]);
    expect(map.tables['public.t_mbx']?.references).toEqual([
      { column: 'm_dom', to: 'public.t_dom.d_nr', kind: 'fk', on_delete: 'cascade' },
    ]);
    expect(scan.text).toContain('# partitioned: 2 partitions, which follow it');
    expect(scan.text).toContain('# a materialised view: it stores a copy of what it reads from public.t_dom');
  });

  it('breaks a ring of references where a column may be NULL', () => {
    expect(map.tables['public.t_cust']?.owner).toEqual(['self']);
    expect(map.tables['public.t_dom']?.owner).toBeUndefined();
  });

  it('calls a trigger harmless only where its function proves it', () => {
    expect(map.triggers).toEqual({
      'public.t_spool.spool_copy': { effect: 'TODO' },
      'public.t_spool.spool_touch': { effect: 'changes-row' },
    });
  });

  it('reads no value where none is to be read, and still drafts everything', async () => {
    const blind = await world.scan({ look: undefined });
    expect(blind.text).not.toContain('addresses in');
    expect(blind.text).toContain('# not read: no values were to be read');
    const { findings } = await world.draft(blind);
    expect([...new Set(findings.map(({ rule }) => rule))].sort()).toEqual(['MAP05', 'MAP11']);
  });

  it('keeps to the schemas that are named, and leaves the others to a person', async () => {
    await world.sql('create schema other; create table other.t (id int primary key)');
    const part = await world.scan({ schemas: ['public'] });
    const drafted = await world.draft(part);
    expect(drafted.map.ignore).toEqual([{ schema: 'other', reason: 'TODO' }]);
    expect(drafted.findings.map(({ path }) => path)).toContainEqual(['ignore', 0, 'reason']);
    await expect(world.scan({ schemas: ['Public'] })).rejects.toMatchObject({
      exitCode: 2,
      code: 'schema-unknown',
    });
  });

  it('tells of a column that no file can name, and drafts the others', async () => {
    const odd = await scanWorld(
      'create table odd (id int primary key, "__proto__" text, mail text); insert into odd values (1, null, null)',
    );
    try {
      const scan = await odd.scan();
      const drafted = await odd.draft(scan);
      expect(Object.keys(drafted.map.tables['public.odd']?.fields ?? {})).toEqual(['mail']);
      expect(scan.flaws).toEqual([
        { rule: 'MAP22', message: expect.stringContaining('__proto__') as string },
      ]);
    } finally {
      await odd.database.drop();
    }
  });

  it('takes hostile names as names', async () => {
    const hostile = await scanWorld(hostileSchema.sql);
    try {
      const drafted = await hostile.draft(await hostile.scan());
      const [table] = Object.values(drafted.map.tables).filter(({ fields }) => fields !== undefined);
      expect(Object.keys(table?.fields ?? {}).sort()).toEqual([...hostileColumns].sort());
      const { text } = await hostile.scan();
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    } finally {
      await hostile.database.drop();
    }
  });
});
