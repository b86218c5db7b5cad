import type { PosternContext } from '../context.ts';
import { type Finding, ok } from './check.ts';

export async function checkKms(context: PosternContext): Promise<Finding> {
  context.settings('kms');
  const kms = await context.kms();
  const states = new Map<string, number>();
  for await (const { state } of kms.listKeys()) states.set(state, (states.get(state) ?? 0) + 1);
  const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
  return ok(`${kms.location}: ${counts === '' ? 'no keys yet' : `keys: ${counts}`}`);
}

/** A check for each store that the profile names, under the name that it has there. */
export function checkStores(
  context: PosternContext,
): readonly (readonly [string, (context: PosternContext) => Promise<Finding>])[] {
  const names = Object.keys(context.config.profile.stores ?? {});
  if (names.length === 0)
    return [['object stores', async () => ({ state: 'absent', message: 'not configured' })]];
  return names.map((name) => [`store ${name}`, async () => checkStore(context, name)]);
}

async function checkStore(context: PosternContext, name: string): Promise<Finding> {
  const store = await context.store(name);
  const { versioning, objectLock, defaultRetention, encryptionAtRest } = await store.capabilities();
  const isAnswered = await firstListed(store.list(await visiblePrefix(context, name)));
  const says = [
    store.location,
    isAnswered ? 'holds objects' : 'empty',
    `versions ${words(versioning)}`,
    `object lock ${words(objectLock)}`,
    `default retention ${defaultRetention}`,
    `encryption at rest ${encryptionAtRest}`,
  ];
  return ok(says.join(', '));
}

/** Credentials of a destination may see its own part of the bucket only. */
async function visiblePrefix(context: PosternContext, name: string): Promise<string> {
  const destinations = Object.values(context.config.profile.backup?.destinations ?? {});
  const found = destinations.find(({ store }) => store === name);
  if (found === undefined) return '';
  const { destinationSettings } = await import('../destinations.ts');
  return destinationSettings(context.profile, found).prefix;
}

async function firstListed(list: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of list) return true;
  return false;
}

function words(value: boolean | 'unknown'): string {
  if (value === 'unknown') return 'unknown';
  return value ? 'on' : 'off';
}
