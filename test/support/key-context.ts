import type { Pool } from '../../src/lib/base/postgres.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import type { KeyContext } from '../../src/lib/key/context.ts';
import { openPlatform, openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { type DataMap, readDataMap } from '../../src/lib/platform/map/index.ts';
import { testContext } from './operation.ts';

/** The text of `keyMap`, for a command. */
export const keyMapText = `version: 1
subjects: {person: {identities: {id: {}}}}
tables:
  app.person:
    primary_key: [id]
    ownership: exclusive
    legal_basis: contract
    retention: {keep: until-termination}
    fields: {id: {type: uuid, category: user.unique_id, identity: person.id, erase: with-row}}
  app.token:
    primary_key: [person_id, name]
    ownership: exclusive
    legal_basis: contract
    retention: {keep: until-termination}
    references: [{as: person, column: person_id, to: app.person.id, kind: fk}]
    non_personal: [note]
    fields:
      secret:
        type: bytea
        category: user.authorization
        encrypted: {dek: app.key.wrapped, by: person, as: token.secret, key_id: key_id}
        erase: shred
keyrings:
  app.key: {id: id, subject: person_id, version: version, state: state, kek: kek, wrapped: wrapped, created: created_at, context: {person: "{person_id}", version: "{version}"}}
`;

/** The map of the platform that `keyWorld` makes. */
export async function keyMap(): Promise<DataMap> {
  return (await readDataMap(keyMapText, 'map.yaml')).map;
}

/** A context for the work on keys; every data key is opened once. */
export async function keyContextOn(
  { platformUrl, pool, kms }: { readonly platformUrl: string; readonly pool: Pool; readonly kms: KmsService },
  own: Partial<KeyContext> = {},
): Promise<KeyContext> {
  const map = await keyMap();
  const opened = new Map<string, Promise<Uint8Array>>();
  return {
    ...testContext({ pool }),
    openReader: () => openPlatform(platformUrl, { statementTimeout: 0 }),
    openWriter: () => openPlatformForChange(platformUrl),
    map: () => Promise.resolve(map),
    kms: () => Promise.resolve(kms),
    kmsCalls: () => opened.size,
    openDataKey: async ({ id, kek, wrapped, context }) => {
      const key = opened.get(id) ?? kms.decrypt(kek, wrapped, context);
      opened.set(id, key);
      return Uint8Array.from(await key);
    },
    ...own,
  };
}
