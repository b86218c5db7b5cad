import type { Column } from '../../../catalog/index.ts';

/** The words of a name: `senderAccountID`, `sender_account_id` and `Sender Account Id` are the same three. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const hints: readonly (readonly [category: string, name: RegExp])[] = [
  ['user.authorization.password', /\b(?:password|passwd|pwd)\b/],
  ['user.authorization.credentials', /\b(?:token|secret|api key|otp|totp|mfa|refresh|access key)\b/],
  ['user.contact.phone_number', /\b(?:phone|mobile|msisdn|telephone|fax)\b/],
  [
    'user.contact.email',
    /\b(?:e ?mail|email address|mail address|rcpt|recipient|(?<!\bin )reply to|local ?part)\b/,
  ],
  ['user.contact.address', /\b(?:street|postal|postcode|zip|city|address line)\b/],
  [
    'user.name',
    /\b(?:(?:first|last|full|display|given|family|middle|sur|nick|user|real|person) ?name|surname|username)\b/,
  ],
  ['user.demographic.date_of_birth', /\b(?:birth|birthday|birthdate|born|dob)\b/],
  ['user.demographic.gender', /\b(?:gender|sex)\b/],
  ['user.device.ip_address', /\b(?:ip|ip address|remote addr|client ip)\b/],
  ['user.device', /\b(?:user agent|device id|fingerprint)\b/],
  ['user.financial', /\b(?:iban|bic|card number|account holder)\b/],
  ['user.location', /\b(?:latitude|longitude|geo)\b/],
];

/** Whether a column holds, by its name, ids of messages (RFC 5322 §3.6.4), which look as addresses do. */
export const isMessageId = (name: string): boolean =>
  /\b(?:message|msg) ?id\b|\bin reply to\b/.test(wordsOf(name).join(' '));

/** The data category that a column's name suggests, and nothing else does. */
export function categoryByName({ name }: Pick<Column, 'name'>): string | undefined {
  const words = wordsOf(name).join(' ');
  return hints.find(([, pattern]) => pattern.test(words))?.[0];
}
