import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type * as Sdk from '@aws-sdk/client-kms';
import { account, findKey, type KmsState, needsEnabled, page } from './state.ts';
import { KmsFault, type Wire } from './wire.ts';

const policyBytes = 32_768;

export const accessActions = {
  CreateGrant: createGrant,
  ListGrants: listGrants,
  RevokeGrant: revokeGrant,
  GetKeyPolicy: getKeyPolicy,
  PutKeyPolicy: putKeyPolicy,
};

function createGrant(state: KmsState, request: Wire<Sdk.CreateGrantRequest>): Wire<Sdk.CreateGrantResponse> {
  const key = findKey(state, request.KeyId);
  needsEnabled(key);
  const { Name, GranteePrincipal, Operations = [], Constraints } = request;
  if (GranteePrincipal === undefined || Operations.length === 0)
    throw new KmsFault('ValidationException', 'A grant needs a grantee and operations.');
  if (Operations.some((name) => /^(Sign|Verify|GetPublicKey)$/.test(name)) && key.usage === 'ENCRYPT_DECRYPT')
    throw new KmsFault('ValidationException', `Operations are not supported by ${key.arn}`);
  const wanted = { Name, GranteePrincipal, Operations, Constraints };
  const same = key.grants.find(
    (grant) => Name !== undefined && isDeepStrictEqual(wanted, { ...wanted, ...pick(grant) }),
  );
  const GrantId = same?.GrantId ?? randomBytes(32).toString('hex');
  if (same === undefined)
    key.grants.push({
      KeyId: key.arn,
      GrantId,
      Name: Name ?? '',
      CreationDate: Date.now() / 1000,
      GranteePrincipal,
      IssuingAccount: `arn:aws:iam::${account}:root`,
      Operations,
      ...(Constraints && { Constraints }),
    });
  return { GrantId, GrantToken: randomBytes(48).toString('base64') };
}

function pick({ Name, GranteePrincipal, Operations, Constraints }: Wire<Sdk.GrantListEntry>) {
  return { Name, GranteePrincipal, Operations, Constraints };
}

function listGrants(state: KmsState, request: Wire<Sdk.ListGrantsRequest>): Wire<Sdk.ListGrantsResponse> {
  const { items, mark } = page(state, findKey(state, request.KeyId).grants, request.Marker);
  return { Grants: items, ...mark };
}

function revokeGrant(state: KmsState, request: Wire<Sdk.RevokeGrantRequest>): undefined {
  const { grants, arn } = findKey(state, request.KeyId);
  const index = grants.findIndex(({ GrantId }) => GrantId === request.GrantId);
  if (index < 0) throw new KmsFault('NotFoundException', `Grant ID ${request.GrantId} not found on ${arn}`);
  grants.splice(index, 1);
}

function getKeyPolicy(
  state: KmsState,
  request: Wire<Sdk.GetKeyPolicyRequest>,
): Wire<Sdk.GetKeyPolicyResponse> {
  return { Policy: findKey(state, request.KeyId).policy, PolicyName: 'default' };
}

function putKeyPolicy(state: KmsState, request: Wire<Sdk.PutKeyPolicyRequest>): undefined {
  const key = findKey(state, request.KeyId);
  const policy = request.Policy ?? '';
  if (policy.length > policyBytes)
    throw new KmsFault('LimitExceededException', `The policy is longer than ${policyBytes} bytes`);
  if (!statements(policy).some(keepsWriter))
    throw new KmsFault(
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    );
  key.policy = policy;
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Action?: string | readonly string[];
}

function statements(policy: string): readonly Statement[] {
  try {
    const { Statement } = JSON.parse(policy) as { readonly Statement?: readonly Statement[] };
    if (Array.isArray(Statement)) return Statement;
  } catch {
    // The same answer as to JSON that is no policy.
  }
  throw new KmsFault('MalformedPolicyDocumentException', 'Policy contains invalid json');
}

function keepsWriter({ Effect, Principal, Action }: Statement): boolean {
  const actions = [Action ?? []].flat();
  return (
    Effect === 'Allow' &&
    Principal !== undefined &&
    actions.some((action) => ['*', 'kms:*', 'kms:Put*', 'kms:PutKeyPolicy'].includes(action))
  );
}
