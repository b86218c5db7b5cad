import type * as Sdk from '@aws-sdk/client-kms';
import { account, findKey, type KmsState, needsNotPending, page, region } from './state.ts';
import { KmsFault, seconds, type Wire } from './wire.ts';

const arnOf = (name: string): string => `arn:aws:kms:${region}:${account}:${name}`;

export const aliasActions = {
  CreateAlias: createAlias,
  UpdateAlias: updateAlias,
  DeleteAlias: deleteAlias,
  ListAliases: listAliases,
};

function createAlias(state: KmsState, request: Wire<Sdk.CreateAliasRequest>): undefined {
  const name = checked(request.AliasName);
  const key = findKey(state, request.TargetKeyId);
  needsNotPending(key);
  if (state.aliases.has(name))
    throw new KmsFault('AlreadyExistsException', `An alias with the name ${arnOf(name)} already exists`);
  state.aliases.set(name, { keyId: key.id, created: new Date(), updated: new Date() });
}

function updateAlias(state: KmsState, request: Wire<Sdk.UpdateAliasRequest>): undefined {
  const alias = existing(state, checked(request.AliasName));
  const key = findKey(state, request.TargetKeyId);
  needsNotPending(key);
  if (state.keys.get(alias.keyId)?.usage !== key.usage)
    throw new KmsFault('ValidationException', 'The current and the new key must have the same usage.');
  alias.keyId = key.id;
  alias.updated = new Date();
}

function deleteAlias(state: KmsState, request: Wire<Sdk.DeleteAliasRequest>): undefined {
  const name = checked(request.AliasName);
  existing(state, name);
  state.aliases.delete(name);
}

function listAliases(state: KmsState, request: Wire<Sdk.ListAliasesRequest>): Wire<Sdk.ListAliasesResponse> {
  const keyId = request.KeyId === undefined ? undefined : findKey(state, request.KeyId).id;
  const found = [...state.aliases].filter(([, alias]) => keyId === undefined || alias.keyId === keyId);
  const { items, mark } = page(state, found, request.Marker);
  const Aliases = items.map(([name, alias]) => ({
    AliasName: name,
    AliasArn: arnOf(name),
    TargetKeyId: alias.keyId,
    CreationDate: seconds(alias.created),
    LastUpdatedDate: seconds(alias.updated),
  }));
  // One of AWS's own, which has no key before its first use.
  const own = { AliasName: 'alias/aws/s3', AliasArn: arnOf('alias/aws/s3') };
  return { Aliases: keyId === undefined && !mark.Truncated ? [...Aliases, own] : Aliases, ...mark };
}

function checked(name: string | undefined): string {
  if (name === undefined || !/^alias\/[a-zA-Z0-9/_-]+$/.test(name) || name.length > 256)
    throw new KmsFault('ValidationException', 'Invalid identifier');
  if (name.startsWith('alias/aws/')) throw new KmsFault('NotAuthorizedException', '');
  return name;
}

function existing(state: KmsState, name: string) {
  const found = state.aliases.get(name);
  if (found === undefined) throw new KmsFault('NotFoundException', `Alias ${arnOf(name)} is not found.`);
  return found;
}
