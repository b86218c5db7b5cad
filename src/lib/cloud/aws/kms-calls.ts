import type { KMSClient } from '@aws-sdk/client-kms';
import { refuseAlias } from '../kms-error.ts';
import { withKmsErrors } from './kms-error.ts';

/** What every part of the AWS adapter calls the service with. */
export interface KmsCalls {
  readonly sdk: typeof import('@aws-sdk/client-kms');
  readonly client: KMSClient;
  readonly location: string;
  /** Sends every request once: for what must not happen twice because an answer was lost. */
  readonly onceClient: () => KMSClient;
  /** A call about one key: an alias is refused before anything is sent. `verb` is for messages: `describing`. */
  readonly onKey: <T>(verb: string, keyId: string, work: () => Promise<T>) => Promise<T>;
  /** A call about no key, or about more than one. */
  readonly call: <T>(verb: string, work: () => Promise<T>) => Promise<T>;
}

export function kmsCalls(service: Omit<KmsCalls, 'onKey' | 'call'>): KmsCalls {
  const { location } = service;
  return {
    ...service,
    onKey: (verb, keyId, work) =>
      withKmsErrors(location, { verb, keyId }, async () => {
        refuseAlias(keyId);
        return work();
      }),
    call: (verb, work) => withKmsErrors(location, { verb }, work),
  };
}

/** Follows the markers of a listing. */
export async function* pages<Page extends MarkedPage>(
  ask: (after: { readonly Marker?: string }) => Promise<Page>,
): AsyncGenerator<Page> {
  for (let marker: string | undefined; ; ) {
    const page = await ask(marker === undefined ? {} : { Marker: marker });
    yield page;
    marker = page.NextMarker;
    if (page.Truncated !== true || marker === undefined) return;
  }
}

interface MarkedPage {
  readonly Truncated?: boolean | undefined;
  readonly NextMarker?: string | undefined;
}
