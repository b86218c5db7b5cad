import { expect, test } from 'vitest';
import { categoryByName } from '../../../src/lib/platform/map/scan/draft/name-hint.ts';

test.each([
  ['reply_to', 'user.contact.email'],
  ['main_reply_to', 'user.contact.email'],
  // Of a message (RFC 5322 §3.6.4), also where no row has one.
  ['in_reply_to', undefined],
  ['inReplyTo', undefined],
])('%s is called %s', (name, category) => {
  expect(categoryByName({ name })).toBe(category);
});
