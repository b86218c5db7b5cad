import { hasAddress } from './address.ts';
import { anyElement, type JsonStep } from './json-strings.ts';

/** Keys that are the names of fields wherever they occur; any other has to occur in several documents. */
const vocabulary =
  /^(?:e?-?mails?|e?mail_?addr(?:ess)?(?:es)?|addr(?:ess)?(?:es)?|from|to|cc|bcc|rcpts?|recipients?|senders?|reply_?to|return_?path|envelope|headers?|names?|users?|accounts?|contacts?|owners?|customers?|persons?|people|members?|actors?|attendees?|organizers?|participants?|old|new|before|after|changes?|payload|data|items?|meta(?:data)?|body|text|html|raw|message|messages|value|values|detail|details|context|event|events|profile|subject|content|parts?)$/i;
const fieldName = /^[A-Za-z_$][A-Za-z0-9_$-]{0,39}$/;
/** An object with more different keys is a table in disguise, whose keys are values. */
const mostSiblings = 20;

/** How often keys occur, so that those can be told that are names of fields from those that are values. */
export class KeyCounts {
  private readonly documents = new Map<string, Map<string, number>>();
  private entries = 0;

  /** Counts the keys of one document, each once. */
  add(keys: Iterable<readonly [parent: readonly JsonStep[], key: string]>): void {
    const seen = new Set<string>();
    for (const [parent, key] of keys) {
      const at = idOf(parent);
      if (seen.has(`${at}\0${key}`) || this.entries > 10_000) continue;
      seen.add(`${at}\0${key}`);
      const counts = this.documents.get(at) ?? new Map<string, number>();
      if (!counts.has(key)) this.entries += 1;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      this.documents.set(at, counts);
    }
  }

  isFieldName(parent: readonly JsonStep[], key: string): boolean {
    const siblings = this.documents.get(idOf(parent));
    if (!fieldName.test(key) || hasAddress(key) || looksRandom(key)) return false;
    if ((siblings?.size ?? 0) > mostSiblings) return false;
    return vocabulary.test(key) || (siblings?.get(key) ?? 0) >= 2;
  }
}

const looksRandom = (key: string): boolean => /^[0-9a-f-]{16,}$/i.test(key) || /\d{5}/.test(key);
const idOf = (path: readonly JsonStep[]): string =>
  JSON.stringify(path.map((step) => (step === anyElement ? 0 : step)));

/** The path as the data map writes it; `*` stands for a key that may be a value itself. */
export function jsonPath(path: readonly JsonStep[], counts: KeyCounts): string {
  return path.reduce<string>((text, step, index) => {
    if (step === anyElement) return `${text}[*]`;
    if (!counts.isFieldName(path.slice(0, index), step)) return `${text}.*`;
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `${text}.${step}` : `${text}["${step}"]`;
  }, '$');
}
