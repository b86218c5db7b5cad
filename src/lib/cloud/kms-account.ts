/**
 * The account and region that a key of AWS belongs to, for the fingerprint of a plan.
 * @param arn `arn:aws:kms:REGION:ACCOUNT:key/ID`, of any partition
 * @returns undefined for a key of the local adapter, and for what is no key's ARN
 */
export function keyAccount(arn: string): { readonly accountId: string; readonly region: string } | undefined {
  const [, region, accountId] = /^arn:aws(?:-[\w-]+)?:kms:([\w-]+):(\d{12}):key\/[\w-]+$/.exec(arn) ?? [];
  return region === undefined || accountId === undefined ? undefined : { accountId, region };
}
