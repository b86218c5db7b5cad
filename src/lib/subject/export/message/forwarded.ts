/** How a program says that what follows was written by others. `latin1` of UTF-8, as bodies are looked at. */
const always = [
  'Forwarded message',
  'Forwarded Message',
  'Weitergeleitete Nachricht',
  'Message transféré',
  'Message transmis',
  'Mensaje reenviado',
  'Messaggio inoltrato',
  'Doorgestuurd bericht',
  'Mensagem encaminhada',
];
/** Stands in answers too, where it quotes what the person was told: it counts only where the subject says forward. */
const inForwards = [
  'Original Message',
  'Original-Nachricht',
  'Ursprüngliche Nachricht',
  "Message d'origine",
  'Mensaje original',
  'Messaggio originale',
  'Oorspronkelijk bericht',
];

const bytes = (texts: readonly string[]): string =>
  texts.map((text) => Buffer.from(text).toString('latin1')).join('|');

const begins =
  /(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|D.{1,2}but du message transf.{1,2}r.{1,2})\s*:/i;
/** It begins where a run of dashes does, so that a long one is looked at once. */
const dashed = (texts: readonly string[]): RegExp =>
  new RegExp(`(?<!-)-{4,}[ \\t]*(?:${bytes(texts)})[ \\t]*-{0,}`, 'i');

const marker = dashed(always);
const markerInForward = dashed([...always, ...inForwards]);

/** `Fwd:` in some of its languages. */
const forwardSubject = /^\s*(?:fwd?|wg|tr|rv|enc|i|doorst)\s*:/i;

/**
 * Where in a text (`latin1`) the part begins that was written by somebody else and forwarded; undefined where there
 * is none. Answers that quote, with `>` or `Ann wrote:`, are the person's own correspondence.
 */
export function forwardedFrom(text: string, subject: string): number | undefined {
  // Most messages have no such line, and are not looked through for what may stand in it.
  const isDashed = text.includes('----');
  const rules = isDashed ? [begins, forwardSubject.test(subject) ? markerInForward : marker] : [begins];
  const found = rules.flatMap((rule) => rule.exec(text)?.index ?? []);
  return found.length === 0 ? undefined : Math.min(...found);
}
