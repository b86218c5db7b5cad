import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { type Catalog, readCatalog } from '../../../src/lib/platform/catalog/index.ts';
import {
  type DataMap,
  type Finding,
  lintDataMap,
  lintRules,
  readDataMap,
} from '../../../src/lib/platform/map/index.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { platformMap, platformSql } from './fixture.ts';
import type { Case } from './lint-cases/case.ts';
import { columnCases } from './lint-cases/column.ts';
import { dutyCases } from './lint-cases/duty.ts';
import { erasureCases } from './lint-cases/erasure.ts';
import { hashCases } from './lint-cases/hash.ts';
import { identityCases } from './lint-cases/identity.ts';
import { objectCases } from './lint-cases/object.ts';
import { referenceCases } from './lint-cases/reference.ts';
import { tableCases } from './lint-cases/table.ts';
import { triggerCases } from './lint-cases/trigger.ts';

const cases: readonly Case[] = [
  ...columnCases,
  ...dutyCases,
  ...erasureCases,
  ...hashCases,
  ...identityCases,
  ...objectCases,
  ...referenceCases,
  ...tableCases,
  ...triggerCases,
];

describe('the lint of the data map', () => {
  let database: TestDatabase;
  let client: Client;
  let map: DataMap;
  let catalog: Catalog;
  beforeAll(async () => {
    database = await testDatabase();
    client = await connect({ url: database.url, role: 'test' });
    await client.query(platformSql);
    ({ map } = await readDataMap(platformMap, 'fixture'));
    catalog = await readCatalog(client);
  });
  afterAll(async () => {
    await client?.end();
    await database?.drop();
  });

  const changed = async ({ change, sql }: Case): Promise<readonly Finding[]> => {
    const [from, to] = change ?? ['', ''];
    expect(platformMap).toContain(from);
    const { map: other } = await readDataMap(
      platformMap.replace(from, () => to),
      'fixture',
    );
    if (sql === undefined) return lintDataMap(other, catalog);
    await client.query('begin');
    try {
      await client.query(sql);
      return lintDataMap(other, await readCatalog(client));
    } finally {
      await client.query('rollback');
    }
  };

  it('finds nothing in a map that fits, with a database and without', () => {
    expect(lintDataMap(map, catalog)).toEqual([]);
    expect(lintDataMap(map)).toEqual([]);
  });

  it.each(cases.filter(({ says }) => says !== undefined))('$rule fires when $when', async (item) => {
    const found = (await changed(item)).filter(({ rule }) => rule === item.rule);
    expect(found.map(({ message }) => message)).toEqual([expect.stringContaining(item.says ?? '')]);
    expect(found[0]?.path.length).toBeGreaterThan(0);
    expect(found[0]?.severity).toBe(lintRules.find(({ id }) => id === item.rule)?.severity);
  });

  it.each(cases.filter(({ says }) => says === undefined))('$rule stays quiet when $when', async (item) => {
    expect((await changed(item)).filter(({ rule }) => rule === item.rule)).toEqual([]);
  });

  it('has a case that fires for every rule, and a number for each', () => {
    const ids = lintRules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const firing = new Set(cases.filter(({ says }) => says !== undefined).map(({ rule }) => rule));
    expect([...firing].sort()).toEqual(ids);
  });

  it('asks nothing of the database without one', () => {
    expect(lintDataMap(parse(platformMap.replaceAll('public.', 'nowhere.')) as DataMap)).toEqual([]);
  });
});
