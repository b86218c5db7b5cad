/** How a program says that what follows was written by others. */
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

/** A letter that is no ASCII: in UTF-8, in a charset of one byte, or as HTML writes it. An apostrophe may be written so too. */
const foreign = String.raw`(?:[\x80-\xff]{1,3}|&#?\w{2,8};)`;

const written = (texts: readonly string[]): string =>
  texts.map((text) => text.replaceAll(/[^ -~]/g, foreign).replaceAll("'", `(?:'|${foreign})`)).join('|');

const begins = new RegExp(
  `(?:${written([
    'Begin forwarded message',
    'Anfang der weitergeleiteten Nachricht',
    'Anfang der weitergeleiteten E-Mail',
    'Début du message transféré',
    'Début du message réexpédié',
    'Inicio del mensaje reenviado',
    'Inizio messaggio inoltrato',
    'Begin doorgestuurd bericht',
  ])})(?:${foreign}|\\s){0,2}:`,
  'i',
);
/** It begins where a run of dashes does, so that a long one is looked at once. */
const dashed = (texts: readonly string[]): RegExp =>
  new RegExp(`(?<!-)-{4,}[ \\t]*(?:${written(texts)})[ \\t]*-{0,}`, 'i');

const marker = dashed(always);
const markerInForward = dashed([...always, ...inForwards]);

/** `Fwd:` in some of its languages. */
const forwardSubject = /^\s*(?:fwd?|wg|tr|rv|enc|i|doorst)\s*:/i;

/** Outlook writes no line of dashes, but what the header of the other message says: from whom, and when it was sent. */
const sent = new RegExp(
  `(?<!\\w)(?:${written(['Sent', 'Date', 'Gesendet', 'Datum', 'Envoyé', 'Enviado', 'Enviada', 'Inviato', 'Verzonden'])})\\s*:`,
  'gi',
);
const sender = /(?<!\w)(?:From|Von|De|Da|Van)\s*:/gi;
/** Characters between the two: a name, an address, and what HTML needs to show them. */
const furthest = 1000;

function otherHeader(text: string): number | undefined {
  for (const { index } of text.matchAll(sent)) {
    const start = Math.max(0, index - furthest);
    const last = [...text.slice(start, index).matchAll(sender)].at(-1);
    if (last !== undefined) return start + last.index;
  }
  return undefined;
}

/**
 * Where in a text (`latin1`) the part begins that was written by somebody else and forwarded; undefined where there
 * is none. Answers that quote, with `>` or `Ann wrote:`, are the person's own correspondence.
 */
export function forwardedFrom(text: string, subject: string): number | undefined {
  const isForward = forwardSubject.test(subject);
  // Most messages have no such line, and are not looked through for what may stand in it.
  const dashes = text.includes('----') ? [isForward ? markerInForward : marker] : [];
  const found = [begins, ...dashes].flatMap((rule) => rule.exec(text)?.index ?? []);
  const header = isForward ? otherHeader(text) : undefined;
  return [...found, ...(header === undefined ? [] : [header])].toSorted((a, b) => a - b)[0];
}
