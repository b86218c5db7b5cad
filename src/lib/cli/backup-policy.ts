import type { PolicyTarget } from '../backup/policy.ts';
import { usageError } from '../base/error.ts';
import { trimmed } from '../cloud/location.ts';
import { defaultFullEvery } from './backup-context.ts';
import { defined } from './cloud-settings.ts';
import type { PosternContext } from './context.ts';
import { destinationSettings, unknownDestination } from './destinations.ts';

/**
 * The part of its bucket that a destination uses, from the configuration alone: no secret is read, nothing is asked.
 * @throws {PosternError} exit 2, `destination-unknown`, `policy-of-a-folder`
 */
export function policyTarget(
  context: PosternContext,
  name: string,
  writerArn: string | undefined,
): PolicyTarget {
  const { destinations, objects } = context.settings('backup');
  const settings = destinations[name];
  if (settings === undefined) throw unknownDestination(context, name);
  const store = context.settings('stores')[settings.store];
  if (store?.adapter !== 's3') {
    throw usageError(`the store of the destination ${name} is no bucket, so it takes no policies`, {
      code: 'policy-of-a-folder',
      hints: ['a folder is protected by its owner and mode alone; use a bucket with Object Lock beside it'],
    });
  }
  const { prefix, lock, keyringLock } = destinationSettings(context.profile, settings);
  const outer = trimmed(store.prefix ?? '');
  // A store of another maker knows one partition, whatever its regions are called.
  const isAws = store.endpoint === undefined || /\.amazonaws\.(com|com\.cn)(:|\/|$)/.test(store.endpoint);
  return {
    bucket: store.bucket,
    prefix: outer === '' ? prefix : `${outer}/${prefix}`,
    region: isAws ? (store.region ?? process.env['AWS_REGION']) : undefined,
    lock,
    keyringLock,
    conditionalPut: store.conditional_put ?? 'native',
    transport: store.endpoint?.startsWith('http:') === true ? 'plain' : 'tls',
    ...(objects === undefined ? {} : { objectsLonger: objects.full_every ?? defaultFullEvery }),
    ...defined({ writerArn }),
  };
}
