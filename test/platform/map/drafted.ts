import { expect } from 'vitest';
import type { DataMap } from '../../../src/lib/platform/map/index.ts';
import { scanWorld } from './scan-fixture.ts';
import { canary } from './scan-schemas/planted.ts';

/** The draft of a database that these statements make, and the rules beside MAP11 that the lint reports. */
export async function drafted(
  sql: string,
): Promise<{ readonly map: DataMap; readonly rules: readonly string[]; readonly text: string }> {
  const world = await scanWorld(sql);
  try {
    const scan = await world.scan();
    expect(scan.text).not.toContain(canary);
    const { map, findings } = await world.draft(scan);
    const rules = findings.map(({ rule }) => rule).filter((rule) => rule !== 'MAP11');
    return { map, text: scan.text, rules };
  } finally {
    await world.database.drop();
  }
}
