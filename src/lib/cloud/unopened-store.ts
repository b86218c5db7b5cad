import type { PosternError } from '../base/error.ts';
import type { ObjectStore } from './object-store.ts';

/** Stands for a store that could not be opened: whatever it is asked, it answers with why. */
export function unopenedStore(location: string, why: PosternError): ObjectStore {
  const refuse = (): Promise<never> => Promise.reject(why);
  const refuseAll = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) });
  return {
    location,
    put: refuse,
    get: refuse,
    getStream: refuseAll,
    open: refuse,
    head: refuse,
    list: refuseAll,
    listVersions: refuseAll,
    delete: refuse,
    capabilities: refuse,
  };
}
