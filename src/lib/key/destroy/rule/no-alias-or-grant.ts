import { type Look, verdictOf } from './rule.ts';

/** No alias points to the key, and no grant lets anybody use it. */
export const noAliasOrGrant: Look = async ({ kms, key }) => {
  const against: string[] = [];
  for await (const { name } of kms.listAliases(key.keyId)) against.push(`${name} points to it`);
  if (kms.access !== undefined) {
    for await (const { grantId, name, grantee } of kms.access.listGrants(key.keyId)) {
      against.push(`grant ${name ?? grantId} lets ${grantee ?? 'somebody'} use it`);
    }
  }
  const grants = kms.access === undefined ? 'the service has no grants' : 'no grant is on it';
  return verdictOf({ against, untold: [], met: `no alias points to it, and ${grants}` });
};
