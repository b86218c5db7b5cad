import type { GrantConstraints, GrantListEntry } from '@aws-sdk/client-kms';
import type { GrantContext, KmsAccess, KmsGrant } from '../kms-access.ts';
import { refuseAlias } from '../kms-error.ts';
import { present } from './kms-answer.ts';
import { type KmsCalls, pages } from './kms-calls.ts';
import { withKmsErrors } from './kms-error.ts';

/** Every key has one policy, and it has this name. */
const only = { PolicyName: 'default' };

/** Who may use the keys of AWS KMS. */
export function awsKmsAccess({ sdk, client, location, onKey }: KmsCalls): KmsAccess {
  return {
    createGrant: (keyId, { name, grantee, operations, context }) =>
      onKey('granting the use of', keyId, async () => {
        const answer = await client.send(
          new sdk.CreateGrantCommand({
            KeyId: keyId,
            Name: name,
            GranteePrincipal: grantee,
            Operations: [...operations],
            Constraints: toConstraints(context),
          }),
        );
        return { grantId: present(answer.GrantId, 'GrantId') };
      }),

    async *listGrants(keyId) {
      const list = (after: { readonly Marker?: string }) =>
        onKey('listing the grants of', keyId, () =>
          client.send(new sdk.ListGrantsCommand({ KeyId: keyId, ...after })),
        );
      for await (const { Grants: grants = [] } of pages(list)) yield* grants.map(toGrant);
    },

    revokeGrant: (keyId, grantId) =>
      withKmsErrors(location, { verb: 'revoking a grant of', keyId, grant: grantId }, async () => {
        refuseAlias(keyId);
        await client.send(new sdk.RevokeGrantCommand({ KeyId: keyId, GrantId: grantId }));
      }),

    keyPolicy: (keyId) =>
      onKey('reading the policy of', keyId, async () =>
        present((await client.send(new sdk.GetKeyPolicyCommand({ KeyId: keyId, ...only }))).Policy, 'Policy'),
      ),

    putKeyPolicy: (keyId, policy) =>
      onKey('replacing the policy of', keyId, async () => {
        await client.send(new sdk.PutKeyPolicyCommand({ KeyId: keyId, ...only, Policy: policy }));
      }),
  };
}

function toConstraints(context: GrantContext): GrantConstraints {
  return 'equals' in context
    ? { EncryptionContextEquals: { ...context.equals } }
    : { EncryptionContextSubset: { ...context.includes } };
}

function toGrant(entry: GrantListEntry): KmsGrant {
  const { Name: name, GranteePrincipal: principal, GranteeServicePrincipal: service } = entry;
  const grantee = principal ?? service;
  const context = toContext(entry.Constraints);
  return {
    grantId: present(entry.GrantId, 'GrantId'),
    ...(name !== undefined && name !== '' && { name }),
    ...(grantee !== undefined && { grantee }),
    operations: entry.Operations ?? [],
    ...(context !== undefined && { context }),
    ...(entry.CreationDate !== undefined && { created: entry.CreationDate }),
  };
}

function toContext(constraints: GrantConstraints | undefined): GrantContext | undefined {
  if (constraints?.EncryptionContextEquals !== undefined)
    return { equals: constraints.EncryptionContextEquals };
  if (constraints?.EncryptionContextSubset !== undefined)
    return { includes: constraints.EncryptionContextSubset };
  return undefined;
}
