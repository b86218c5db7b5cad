import { zstdCompressSync } from 'node:zlib';
import PostalMime from 'postal-mime';
import { expect, test } from 'vitest';
import { combinedLog, jsonLog } from '../../src/lib/sandbox/generate/http-log.ts';
import { incident } from '../../src/lib/sandbox/generate/incident.ts';
import { isInObjectStore, messageAt, messageId, rawMessage } from '../../src/lib/sandbox/generate/message.ts';
import { createWorld } from '../../src/lib/sandbox/generate/world.ts';

const world = createWorld(1, 4_000);
const messages = Array.from({ length: 4_000 }, (_, index) => messageAt(world, index));

test('every message parses back to what it was made from', async () => {
  for (const message of messages.filter((_, index) => index % 5 === 0 || isInObjectStore(world, index))) {
    const mail = await PostalMime.parse(rawMessage(message));
    expect(mail.subject).toBe(message.subject);
    expect(mail.from).toMatchObject({ name: message.sender.name, address: message.sender.email });
    expect(mail.to?.map(({ address }) => address)).toEqual(message.to.map(({ email }) => email));
    expect((mail.cc ?? []).map(({ address }) => address)).toEqual(message.cc.map(({ email }) => email));
    expect(mail.text).toContain(message.sender.name);
    expect(mail.attachments).toHaveLength(message.attachments.length);
    for (const [index, { filename, content }] of message.attachments.entries()) {
      expect(mail.attachments[index]?.filename).toBe(filename);
      const bytes = mail.attachments[index]?.content;
      const found = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes as ArrayBuffer);
      expect(found.equals(content)).toBe(true);
    }
  }
});

test('a message travels in ASCII only, in lines that a mail server takes', () => {
  for (const message of messages) {
    const raw = rawMessage(message);
    // oxlint-disable-next-line no-control-regex -- the whole of ASCII is what is meant
    expect(/^[\x00-\x7f]*$/.test(raw)).toBe(true);
    expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
  }
});

test('a reply names the message before it in its thread, and no other', () => {
  const replies = messages.filter(({ subject }) => subject.startsWith('Re: '));
  expect(replies.length).toBeGreaterThan(1_000);
  for (const { id, headers, thread } of replies) {
    expect(headers).toContain(`In-Reply-To: ${messageId(world, id - 2)}`);
    expect(thread.start).toBeLessThan(id - 1);
  }
  const first = messages.find(({ id, thread }) => thread.start === id - 1);
  expect(first?.headers).not.toContain('In-Reply-To');
});

test('there are names and subjects beyond ASCII, in encoded words', () => {
  expect(messages.filter(({ headers }) => headers.includes('=?UTF-8?B?')).length).toBeGreaterThan(500);
  expect(messages.some(({ body }) => body.includes('=C3=BC'))).toBe(true);
});

test('a message comes out the same when it is made again alone, and differs by seed', () => {
  const again = rawMessage(messageAt(createWorld(1, 4_000), 1_234));
  expect(messages.map(rawMessage)[1_234]).toBe(again);
  expect(rawMessage(messageAt(createWorld(2, 4_000), 1_234))).not.toBe(again);
});

test('the text is as long and compresses as well as mail does', () => {
  const texts = messages.filter(({ attachments }) => attachments.length === 0).map(rawMessage);
  const all = Buffer.from(texts.join(''));
  expect(all.length / texts.length).toBeGreaterThan(1_600);
  expect(all.length / texts.length).toBeLessThan(2_400);
  const ratio = all.length / zstdCompressSync(all).length;
  expect(ratio).toBeGreaterThan(2.5);
  expect(ratio).toBeLessThan(4);
});

test('the combined log has the gap, the doubles and the broken line; the JSON log has none of them, and a fast clock', () => {
  const combined = [...combinedLog(world)];
  const json = [...jsonLog(world)].map((line) => JSON.parse(line) as { time: string; remote_addr: string });
  const reads = json.filter(({ remote_addr: address }) => address === incident.ip);
  expect(reads).toHaveLength(incident.reads);
  expect(Date.parse(reads[0]?.time ?? '') - incident.start).toBe(incident.skewMs);
  expect(combined.filter((line) => line.startsWith(incident.ip)).length).toBeLessThan(incident.reads);
  expect(combined.filter((line) => /14\/Mar\/2026:0(2:[2-5]|3:)/.test(line))).toEqual([]);
  expect(combined.length - new Set(combined).size).toBeGreaterThanOrEqual(49);
  expect(combined.filter((line) => !line.endsWith('"'))).toHaveLength(1);
});
