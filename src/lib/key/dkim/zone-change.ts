// What is to be changed in the zone, in words that name servers take.

import { selectorName } from './observe.ts';
import { recordText } from './record.ts';
import { type RegisteredSelector, wantedRecord } from './state.ts';

/** What the scripts of one domain say. */
export interface ZoneChangeSettings {
  /** Seconds. */
  readonly ttl: number;
  readonly nsupdate: {
    readonly server: { readonly address: string; readonly port: number } | undefined;
    readonly zone: string | undefined;
    /** The path of the TSIG key, which is named and never read. */
    readonly keyFile: string | undefined;
  };
}

/** The selectors for which somebody has to change the zone. */
export function changedSelectors(selectors: readonly RegisteredSelector[]): readonly RegisteredSelector[] {
  return selectors.filter(
    ({ state }) => state === 'prepared' || state === 'revoking' || state === 'removing',
  );
}

/**
 * Lines for a zone file (RFC 1035 §5) with the records that the zone shall have; the names of those that it shall not
 * have stand behind semicolons.
 */
export function zoneLines(
  selectors: readonly RegisteredSelector[],
  { ttl }: ZoneChangeSettings,
): readonly string[] {
  return selectors.map((selector) => {
    const name = `${selectorName(selector.domain, selector.selector)}.`;
    if (wantedRecord(selector.state) === 'absent') return `; remove: ${name} IN TXT`;
    return `${name} ${ttl} IN TXT ${strings(wantedText(selector))}`;
  });
}

/** A script for nsupdate (RFC 2136) that brings the zone there, whatever it has now. It holds no secret. */
export function nsupdateScript(
  selectors: readonly RegisteredSelector[],
  { ttl, nsupdate: { server, zone, keyFile } }: ZoneChangeSettings,
  file: string,
): string {
  const changes = selectors.flatMap((selector) => {
    const name = `${selectorName(selector.domain, selector.selector)}.`;
    const remove = `update delete ${name} TXT`;
    if (wantedRecord(selector.state) === 'absent') return [remove];
    return [remove, `update add ${name} ${ttl} IN TXT ${strings(wantedText(selector))}`];
  });
  return [
    `; run: nsupdate ${keyFile === undefined ? '' : `-k ${keyFile} `}${file}`,
    ...(server === undefined ? [] : [`server ${server.address} ${server.port}`]),
    ...(zone === undefined ? [] : [`zone ${zone}.`]),
    ...changes,
    'send',
    '',
  ].join('\n');
}

function wantedText(selector: RegisteredSelector): string {
  return recordText(selector.keyType, wantedRecord(selector.state) === 'key' ? selector.publicKey : '');
}

/** A TXT record's strings, 255 bytes at most each; nothing in a DKIM record needs escaping but is quoted for its `;`. */
function strings(text: string): string {
  return (text.match(/.{1,255}/g) ?? ['']).map((part) => `"${part}"`).join(' ');
}
