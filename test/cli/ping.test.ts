import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isReadableOnTheWay, parsePingUrl, ping } from '../../src/lib/cli/watch/ping.ts';
import { answer, type FaultServer, lostAnswer, noAnswer, startFaultServer } from '../support/fault-server.ts';

let server: FaultServer;
let url: URL;
beforeAll(async () => {
  server = await startFaultServer();
  url = parsePingUrl(`${server.endpoint}/secret-token?create=1`);
});
afterAll(() => server.stop());

const quick = { timeout: 200, pause: 0 };
const seen = (): readonly string[] => server.seen.map((request) => `${request.method} ${request.url}`);

describe('a ping', () => {
  it.each([
    ['start', '/secret-token/start?create=1'],
    [0, '/secret-token?create=1'],
    [1, '/secret-token/1?create=1'],
    [130, '/secret-token/130?create=1'],
  ] as const)('for %s is a POST to %s with a body', async (event, path) => {
    server.script(answer(200));
    expect(await ping(url, event, 'job: doctor\n', quick)).toBeUndefined();
    expect(seen()).toEqual([`POST ${path}`]);
    expect(server.seen[0]?.body.toString()).toBe('job: doctor\n');
  });

  it.each([
    ['a lost connection', lostAnswer],
    ['silence', noAnswer],
    ['500', answer(500)],
    ['429', answer(429)],
  ])('is sent again after %s', async (_, fault) => {
    server.script(fault, answer(200));
    expect(await ping(url, 0, '', quick)).toBeUndefined();
    expect(seen()).toHaveLength(2);
  });

  it.each([
    ['silence', noAnswer, 2, 'no answer within 0.2 s'],
    ['a lost connection', lostAnswer, 2, 'the connection broke'],
    ['503', answer(503), 2, 'it answered 503'],
    ['404', answer(404), 1, 'it answered 404'],
    ['a redirect, which would hand the token on', answer(302, { location: '/other' }), 1, 'it answered 302'],
  ])('that meets %s says why, and nothing of the token', async (_, fault, attempts, why) => {
    server.script(fault);
    expect(await ping(url, 0, '', quick)).toBe(why);
    expect(seen()).toHaveLength(attempts);
  });

  it('to a host that does not listen says so', async () => {
    const gone = await startFaultServer();
    await gone.stop();
    expect(await ping(parsePingUrl(`${gone.endpoint}/token`), 0, '', quick)).toBe(
      'the connection was refused',
    );
  });

  it('is given up when it is told to', async () => {
    server.script(noAnswer);
    const stop = new AbortController();
    const sent = ping(url, 0, '', { signal: stop.signal });
    stop.abort();
    expect(await sent).toBe('interrupted');
  });
});

describe('a ping URL', () => {
  it.each(['', 'token', 'ftp://host/token', 'file:///token', 'https://u:token@host/', 'https://token@host/'])(
    'that cannot be one is refused without being quoted: %j',
    (text) => {
      expect(() => parsePingUrl(text)).toThrow(expect.objectContaining({ code: 'ping-url', exitCode: 2 }));
      expect(() => parsePingUrl(text)).not.toThrow(/token/);
    },
  );

  it.each([
    ['https://host/x', false],
    ['http://127.0.0.1:80/x', false],
    ['http://[::1]/x', false],
    ['http://localhost/x', false],
    ['http://host/x', true],
    ['http://localhost.example/x', true],
    ['http://127.0.0.1.example/x', true],
  ])('%s can be read on the way: %s', (text, expected) => {
    expect(isReadableOnTheWay(parsePingUrl(text))).toBe(expected);
  });
});
