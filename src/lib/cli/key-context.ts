import type { KmsService } from '../cloud/kms-service.ts';
import type { KeyContext } from '../key/context.ts';
import type { PosternContext } from './context.ts';
import { keyMap } from './key-census.ts';
import { operationContext } from './operation-context.ts';

/** All that the work on the platform's keys needs; nothing is opened yet. */
export async function keyContext(
  context: PosternContext,
  { kmsRequestsPerSecond = null }: { readonly kmsRequestsPerSecond?: number | null } = {},
): Promise<KeyContext> {
  const { openPlatform, openPlatformForChange } = await import('../platform/connection.ts');
  const { dataKeyCache } = await import('../cloud/data-key-cache.ts');
  let calls = 0;
  let kms: Promise<KmsService> | undefined;
  const openKms = () => (kms ??= opened());
  const opened = async () => {
    const { throttledKms } = await import('../cloud/kms-throttle.ts');
    const counted = counting(await context.kms(), () => (calls += 1));
    if (kmsRequestsPerSecond === null) return counted;
    return throttledKms(counted, { perSecond: kmsRequestsPerSecond, signal: context.signal });
  };
  // A key of every subject, so that one whose values lie far apart is opened once.
  const cache = dataKeyCache({ maxKeys: 200_000, clock: context.clock });
  return {
    ...(await operationContext(context)),
    openReader: async () =>
      openPlatform(await context.platformUrl(), { purpose: 'key', statementTimeout: 0 }),
    openWriter: async () => openPlatformForChange(await context.platformWriteUrl(), { purpose: 'key' }),
    map: () => keyMap(context),
    kms: openKms,
    kmsCalls: () => calls,
    openDataKey: (version) =>
      cache.get(version.id, async () =>
        ownBytes(await (await openKms()).decrypt(version.kek, version.wrapped, version.context)),
      ),
  };
}

/** A small Buffer is part of a page of 8 KiB, which a key that stays in memory would keep whole. */
function ownBytes(key: Uint8Array): Uint8Array {
  const own = Uint8Array.from(key);
  key.fill(0);
  return own;
}

/** The same service, every request of which is told. */
function counting(service: KmsService, onCall: () => void): KmsService {
  return new Proxy(service, {
    get: (target, name, receiver) => {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => {
        onCall();
        return Reflect.apply(member, target, values) as unknown;
      };
    },
  });
}
