import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect } from '../contract/object-store.ts';
import {
  answer,
  closedAnswer,
  type Fault,
  type FaultServer,
  halfAnswer,
  halfClosedAnswer,
  lostAnswer,
  noAnswer,
  s3ErrorAnswer,
  slowAnswer,
  startFaultServer,
} from '../support/fault-server.ts';
import { faultStore, headersOf, restOf, text, xml } from './fault-store.ts';

const { server, open } = faultStore({ maxAttempts: 2, timeoutMs: 1_000 });

const page = (keys: readonly string[], next?: string) =>
  `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('')}${
    next === undefined
      ? ''
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`
  }</ListBucketResult>`;
const versionsPage = (keys: readonly string[], next?: string) =>
  `<ListVersionsResult>${keys
    .map((key) => `<Version><Key>${key}</Key><VersionId>1</VersionId><Size>1</Size></Version>`)
    .join('')}${
    next === undefined ? '' : `<IsTruncated>true</IsTruncated><NextKeyMarker>${next}</NextKeyMarker>`
  }</ListVersionsResult>`;

const body = randomBytes(300_000);
const headers = headersOf(body);

describe('every operation', () => {
  const operations: readonly (readonly [string, Fault, (store: ObjectStore) => Promise<unknown>])[] = [
    ['put', answer(200), (store) => store.put('key', text('x'))],
    ['get', answer(200, {}, 'x'), (store) => store.get('key')],
    ['head', answer(200), (store) => store.head('key')],
    ['list', answer(200, xml, page(['a'])), (store) => collect(store.list(''))],
    ['listVersions', answer(200, xml, versionsPage(['a'])), (store) => collect(store.listVersions(''))],
    ['delete', answer(204), (store) => store.delete('key')],
  ];
  const faults: readonly (readonly [string, Fault, string])[] = [
    ['500', s3ErrorAnswer(500, 'InternalError'), 'store-unavailable'],
    ['503', s3ErrorAnswer(503, 'SlowDown'), 'store-unavailable'],
    ['a lost answer', lostAnswer, 'store-unreachable'],
    ['a connection that ends without an answer', closedAnswer, 'store-unreachable'],
    ['silence', noAnswer, 'store-unreachable'],
  ];

  /** All of them at once, each with a server of its own, because waiting for the next attempt takes long. */
  const withEach = (work: (of: FaultServer, operation: (typeof operations)[number]) => Promise<void>) =>
    Promise.all(
      operations.map(async (operation) => {
        const own = await startFaultServer();
        try {
          await work(own, operation);
        } finally {
          await own.stop();
        }
      }),
    );

  test.each(faults)('is tried again after %s, and fails when that does not end', async (_, broken, code) => {
    await withEach(async (own, [name, good, run]) => {
      const store = await open({ endpoint: own.endpoint });
      own.script(broken, good);
      await expect(run(store), name).resolves.toBeDefined();
      expect(own.seen.length, name).toBeGreaterThan(1);
      own.script(broken);
      await expect(run(store), name).rejects.toMatchObject({ code, exitCode: 1 });
    });
  });

  test('by credentials that have expired says so, and succeeds once they are renewed', async () => {
    await withEach(async (own, [name, good, run]) => {
      const store = await open({ endpoint: own.endpoint });
      own.script(s3ErrorAnswer(403, 'ExpiredToken'));
      await expect(run(store), name).rejects.toMatchObject({ code: 'store-credentials', exitCode: 1 });
      own.script(good);
      await expect(run(store), name).resolves.toBeDefined();
    });
  });
});

describe('a listing of several pages', () => {
  const listings = [
    ['list', page, (store: ObjectStore) => store.list('')],
    ['listVersions', versionsPage, (store: ObjectStore) => store.listVersions('')],
  ] as const;

  test.each(listings)(
    '%s goes on after a page that was answered at the second attempt only',
    async (_, of, list) => {
      server.script(
        answer(200, xml, of(['a', 'b'], 'b')),
        s3ErrorAnswer(503, 'SlowDown'),
        answer(200, xml, of(['c'])),
      );
      expect((await collect<{ key: string }>(list(await open()))).map(({ key }) => key)).toEqual([
        'a',
        'b',
        'c',
      ]);
    },
  );

  test.each(listings)(
    '%s that breaks off after the first page fails, and is never taken for the whole',
    async (_, of, list) => {
      const whole = of(['c', 'd']);
      for (const [code, broken] of [
        ['store-unavailable', s3ErrorAnswer(500, 'InternalError')],
        ['store-unreachable', lostAnswer],
        ['store-unreachable', halfAnswer(xml, Buffer.from(whole), 60)],
        ['store-unreachable', halfClosedAnswer(xml, Buffer.from(whole), 60)],
        ['store-failed', answer(200, xml, whole.slice(0, -20))],
        ['store-credentials', s3ErrorAnswer(403, 'ExpiredToken')],
      ] as const) {
        server.script(answer(200, xml, of(['a', 'b'], 'b')), broken);
        const store = await open();
        const seen: string[] = [];
        const read = async () => {
          for await (const { key } of list(store)) seen.push(key);
        };
        await expect(read()).rejects.toMatchObject({ code, exitCode: 1 });
        expect(seen).toEqual(['a', 'b']);
      }
    },
  );
});

describe('a GET', () => {
  test('whose connection ends in an orderly way before its end is taken up where it broke', async () => {
    server.script(halfClosedAnswer(headers, body, 100_000), restOf(body));
    expect(Buffer.from(await (await open()).get('key')).equals(body)).toBe(true);
    expect(server.seen.map((request) => request.headers.range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=/),
    ]);
  });

  test('that is slow, but never silent for long, is waited for', async () => {
    server.script(slowAnswer(headers, body, { pieces: 8, every: 300 }));
    expect(Buffer.from(await (await open()).get('key')).equals(body)).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ['has expired credentials', s3ErrorAnswer(403, 'ExpiredToken'), 'store-credentials'],
    ['finds another object', s3ErrorAnswer(412, 'PreconditionFailed'), 'store-failed'],
    ['finds nothing', s3ErrorAnswer(404, 'NoSuchKey'), 'object-missing'],
    ['is throttled to the end', s3ErrorAnswer(503, 'SlowDown'), 'store-unavailable'],
  ] as const)('that is taken up and then %s fails, and gives no complete object', async (_, broken, code) => {
    server.script(halfAnswer(headers, body, 100_000), broken);
    let received = 0;
    const read = async () => {
      for await (const chunk of (await open()).getStream('key')) received += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject({ code });
    expect(received).toBeLessThan(body.length);
  });
});

test('a conditional PUT whose answers are all lost fails, although the object may be there', async () => {
  server.script(lostAnswer);
  await expect((await open()).put('key', text('x'), { ifNoneMatch: '*' })).rejects.toMatchObject({
    code: 'store-unreachable',
    exitCode: 1,
  });
});

test.each([409, 412])('a plain PUT that is answered %i fails', async (status) => {
  server.script(s3ErrorAnswer(status, 'OperationAborted'));
  await expect((await open()).put('key', text('x'))).rejects.toMatchObject({ code: 'store-failed' });
});
