import type { SetStore } from '../backup/context.ts';
import { PosternError } from '../base/error.ts';
import { setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';

export interface OpenedStores {
  readonly stores: readonly SetStore[];
  readonly unopened: readonly { readonly destination: string; readonly error: PosternError }[];
}

/**
 * The sets as every destination has them, in the order of the configuration. A destination that cannot be opened, or
 * whose credentials cannot be read, does not hinder the others.
 * @throws {PosternError} exit 2: what is wrong in the configuration itself
 */
export async function setStores(context: PosternContext): Promise<OpenedStores> {
  const stores: SetStore[] = [];
  const unopened: OpenedStores['unopened'][number][] = [];
  for (const destination of Object.keys(context.settings('backup').destinations)) {
    try {
      stores.push(await setStore(context, destination));
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      unopened.push({ destination, error });
    }
  }
  return { stores, unopened };
}
