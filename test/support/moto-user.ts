import type { PolicyDocument } from '../../src/lib/backup/policy.ts';
import type { Moto } from './moto.ts';

/**
 * Makes an IAM user that holds exactly one policy. moto's simulation knows no condition: it takes every statement that
 * has one for a refusal. So conditions are left out, and whatever is denied only under one with them.
 */
export async function motoUser(
  moto: Moto,
  name: string,
  policy: PolicyDocument,
): Promise<Moto['credentials']> {
  const Statement = policy.Statement.filter(({ Effect, Condition }) => Effect === 'Allow' || !Condition).map(
    ({ Condition: _condition, ...statement }) => statement,
  );
  await iam(moto, { Action: 'CreateUser', UserName: name });
  await iam(moto, {
    Action: 'PutUserPolicy',
    UserName: name,
    PolicyName: 'least',
    PolicyDocument: JSON.stringify({ ...policy, Statement }),
  });
  const key = await iam(moto, { Action: 'CreateAccessKey', UserName: name });
  const read = (tag: string) => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(key)?.[1] ?? '';
  return { accessKeyId: read('AccessKeyId'), secretAccessKey: read('SecretAccessKey') };
}

/** From here on, every request needs a signature and a right. */
export async function enforcePolicies({ endpoint }: Moto): Promise<void> {
  const answer = await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' });
  if (!answer.ok) throw new Error(`moto does not enforce policies: ${answer.status}`);
}

async function iam({ endpoint }: Moto, fields: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...fields }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`moto refused ${fields['Action']}: ${text}`);
  return text;
}
