import type { Pool } from '../../src/lib/base/postgres.ts';
import { openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import { pseudonymKeysOf } from '../../src/lib/subject/pseudonym/index.ts';
import type { PseudonymContext } from '../../src/lib/subject/pseudonym/rotate/index.ts';
import { testContext } from './operation.ts';

/** A rotation to version 2 of the key. */
export function pseudonymContextOn(
  {
    platformUrl,
    pool,
    secret,
    map,
  }: { readonly platformUrl: string; readonly pool: Pool; readonly secret: string; readonly map: string },
  own: Partial<PseudonymContext> = {},
): PseudonymContext {
  return {
    ...testContext({ pool }),
    openWriter: () => openPlatformForChange(platformUrl),
    map: async () => (await readDataMap(map, 'map.yaml')).map,
    newestKey: () => Promise.resolve(pseudonymKeysOf([{ version: 2, secret }])[0]),
    ...own,
  };
}
