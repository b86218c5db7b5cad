import type { KmsAliases } from '../kms-aliases.ts';
import { checkAliasName, refuseAlias } from '../kms-error.ts';
import { present } from './kms-answer.ts';
import { type KmsCalls, pages } from './kms-calls.ts';
import { withKmsErrors } from './kms-error.ts';

/** The aliases of AWS KMS. */
export function awsKmsAliases({ sdk, client, location }: KmsCalls): KmsAliases {
  const onAlias = (verb: string, alias: string, keyId: string | undefined, work: () => Promise<unknown>) =>
    withKmsErrors(location, { verb, alias, ...(keyId !== undefined && { keyId }) }, async () => {
      checkAliasName(alias);
      if (keyId !== undefined) refuseAlias(keyId);
      await work();
    });

  return {
    async *listAliases(keyId) {
      const what = { verb: 'listing the aliases of', ...(keyId !== undefined && { keyId }) };
      const list = (after: { readonly Marker?: string }) =>
        withKmsErrors(location, what, async () => {
          if (keyId === undefined) return client.send(new sdk.ListAliasesCommand(after));
          refuseAlias(keyId);
          return client.send(new sdk.ListAliasesCommand({ KeyId: keyId, ...after }));
        });
      for await (const { Aliases: aliases = [] } of pages(list)) {
        for (const { AliasName: name, TargetKeyId: target } of aliases)
          yield { name: present(name, 'AliasName'), ...(target !== undefined && { keyId: target }) };
      }
    },

    createAlias: (name, keyId) =>
      onAlias('making', name, keyId, () =>
        client.send(new sdk.CreateAliasCommand({ AliasName: name, TargetKeyId: keyId })),
      ),

    moveAlias: (name, keyId) =>
      onAlias('moving', name, keyId, () =>
        client.send(new sdk.UpdateAliasCommand({ AliasName: name, TargetKeyId: keyId })),
      ),

    deleteAlias: (name) =>
      onAlias('deleting', name, undefined, () =>
        client.send(new sdk.DeleteAliasCommand({ AliasName: name })),
      ),
  };
}
