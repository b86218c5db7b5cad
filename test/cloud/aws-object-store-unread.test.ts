import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { answer, lostAnswer, noAnswer, s3ErrorAnswer } from '../support/fault-server.ts';
import { faultStore, text, xml } from './fault-store.ts';

const sha256 = (value: string) => createHash('sha256').update(value).digest('base64');

const { server, open } = faultStore({ checksum: 'md5', maxAttempts: 2, timeoutMs: 5_000 });

const denied = s3ErrorAnswer(403, 'AccessDenied');

interface Entry {
  readonly key: string;
  readonly id: string;
  readonly latest?: boolean;
  readonly marker?: boolean;
  readonly etag?: string;
}

const versions = (...entries: readonly Entry[]) =>
  answer(
    200,
    xml,
    `<ListVersionsResult>${entries
      .map(({ key, id, latest = false, marker = false, etag = 'x' }) => {
        const tag = marker ? 'DeleteMarker' : 'Version';
        const size = marker ? '' : `<Size>7</Size><ETag>"${etag}"</ETag>`;
        return `<${tag}><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${latest}</IsLatest><LastModified>2026-03-01T02:00:00Z</LastModified>${size}</${tag}>`;
      })
      .join('')}</ListVersionsResult>`,
  );

const retention = answer(
  200,
  xml,
  '<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>',
);

describe('HEAD by credentials that may not read contents', () => {
  test('is answered by the listing and the retention', async () => {
    server.script(
      denied,
      versions({ key: 'part', id: 'v2', latest: true }, { key: 'part', id: 'v1' }),
      retention,
    );
    expect(await (await open()).head('part')).toEqual({
      key: 'part',
      size: 7,
      versionId: 'v2',
      modified: new Date('2026-03-01T02:00:00Z'),
      retention: { mode: 'compliance', until: new Date('2099-01-01T00:00:00Z') },
    });
    expect(server.seen[2]?.url).toContain('versionId=v2');
  });

  test('finds an older version by its id, and an object without retention', async () => {
    for (const none of [
      s3ErrorAnswer(404, 'NoSuchObjectLockConfiguration'),
      s3ErrorAnswer(400, 'InvalidRequest'),
    ]) {
      server.script(
        denied,
        versions({ key: 'part', id: 'v2', latest: true }, { key: 'part', id: 'v1' }),
        none,
      );
      const found = await (await open()).head('part', { versionId: 'v1' });
      expect(found).toMatchObject({ versionId: 'v1', size: 7 });
      expect(found).not.toHaveProperty('retention');
    }
  });

  test('is not taken in by a key that only begins with the one that was asked for', async () => {
    server.script(denied, versions({ key: 'part-2', id: 'v1', latest: true }));
    expect(await (await open()).head('part')).toBeUndefined();
  });

  test('sees no object behind a delete marker, but the version that it hides', async () => {
    const hidden = versions({ key: 'part', id: 'm', latest: true, marker: true }, { key: 'part', id: 'v1' });
    server.script(denied, hidden);
    expect(await (await open()).head('part')).toBeUndefined();
    server.script(denied, hidden);
    expect(await (await open()).head('part', { versionId: 'm' })).toBeUndefined();
    server.script(denied, hidden, retention);
    expect(await (await open()).head('part', { versionId: 'v1' })).toMatchObject({ versionId: 'v1' });
  });

  test('fails rather than call an object unlocked when the retention may not be asked', async () => {
    server.script(denied, versions({ key: 'part', id: 'v1', latest: true }), denied);
    await expect((await open()).head('part')).rejects.toMatchObject({
      code: 'store-refused',
      message: expect.stringContaining('retention'),
    });
  });

  test('says that the credentials expired when they did', async () => {
    server.script(s3ErrorAnswer(403, 'ExpiredToken'));
    await expect((await open()).head('part')).rejects.toMatchObject({ code: 'store-credentials' });
  });
});

describe('a conditional PUT by credentials that may not read contents', () => {
  const etag = createHash('md5').update('mine').digest('hex');
  const put = async () => (await open()).put('key', text('mine'), { ifNoneMatch: '*' });
  const conflict = s3ErrorAnswer(412, 'PreconditionFailed');

  test('whose answer was lost has succeeded when the listing shows its own bytes', async () => {
    server.script(lostAnswer, conflict, denied, versions({ key: 'key', id: 'v1', latest: true, etag }));
    expect(await put()).toMatchObject({ versionId: 'v1' });
  });

  test('fails when the listing shows other bytes, another key, or nothing', async () => {
    for (const listing of [
      versions({ key: 'key', id: 'v1', latest: true }),
      versions({ key: 'key2', id: 'v1', latest: true, etag }),
      versions(),
      denied,
    ]) {
      server.script(lostAnswer, conflict, denied, listing);
      await expect(put()).rejects.toMatchObject({ code: 'object-exists' });
    }
  });

  test('fails at its first attempt even when equal bytes are there', async () => {
    server.script(conflict, denied, versions({ key: 'key', id: 'v1', latest: true, etag }));
    await expect(put()).rejects.toMatchObject({ code: 'object-exists' });
  });
});

describe('the answer to a PUT', () => {
  test.each([
    ['sha256', 'x-amz-checksum-sha256', sha256('theirs')],
    ['crc32', 'x-amz-checksum-crc32', 'AAAAAA=='],
  ] as const)('that echoes another %s is an integrity error', async (checksum, header, other) => {
    server.script(answer(200, { [header]: other }));
    await expect((await open({ checksum })).put('key', text('mine'))).rejects.toMatchObject({
      code: 'object-corrupt',
      exitCode: 5,
    });
  });

  test('that echoes what was sent, or nothing, is believed', async () => {
    server.script(answer(200, { 'x-amz-checksum-sha256': sha256('mine') }));
    expect(await (await open({ checksum: 'sha256' })).put('key', text('mine'))).toMatchObject({ size: 4 });
    server.script(answer(200));
    expect(await (await open({ checksum: 'sha256' })).put('key', text('mine'))).toMatchObject({ size: 4 });
  });
});

describe('a delete by credentials that may not read contents', () => {
  const remove = async (versionId?: string) =>
    (await open()).delete('key', versionId === undefined ? {} : { versionId });

  test('is retained when the version is locked', async () => {
    server.script(denied, versions({ key: 'key', id: 'v1', latest: true }), retention, denied);
    expect(await remove('v1')).toBe('retained');
  });

  test('is absent where the listing has nothing, or only a marker to hide again', async () => {
    server.script(denied, versions());
    expect(await remove('v1')).toBe('absent');
    server.script(denied, versions({ key: 'key', id: 'm', latest: true, marker: true }));
    expect(await remove()).toBe('absent');
  });

  test('removes a marker by its id', async () => {
    server.script(denied, versions({ key: 'key', id: 'm', latest: true, marker: true }), answer(204));
    expect(await remove('m')).toBe('deleted');
  });
});

test('a store that goes silent while a body is open is not waited for', async () => {
  server.script(noAnswer);
  const store = await open({ maxAttempts: 1, timeoutMs: 200 });
  await expect(store.open('key')).rejects.toMatchObject({ code: 'store-unreachable' });
});

describe('a bucket that tells about itself', () => {
  const rules = (inner: string) =>
    answer(200, xml, `<LifecycleConfiguration><Rule>${inner}</Rule></LifecycleConfiguration>`);
  const ask = async (lifecycle: ReturnType<typeof answer>) => {
    server.script(denied, denied, denied, lifecycle);
    return (await (await open()).capabilities()).abortsUploads;
  };
  const abort =
    '<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>';

  test('says whether a rule ends unfinished uploads where our objects are', async () => {
    expect(await ask(rules(`<Status>Enabled</Status><Filter><Prefix></Prefix></Filter>${abort}`))).toBe(true);
    expect(await ask(rules(`<Status>Enabled</Status>${abort}`))).toBe(true);
    expect(await ask(rules(`<Status>Disabled</Status>${abort}`))).toBe(false);
    expect(await ask(rules(`<Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter>${abort}`))).toBe(
      false,
    );
    expect(await ask(rules('<Status>Enabled</Status><Expiration><Days>3</Days></Expiration>'))).toBe(false);
    expect(await ask(s3ErrorAnswer(404, 'NoSuchLifecycleConfiguration'))).toBe(false);
    expect(await ask(denied)).toBe('unknown');
  });

  test('says what time it has, even when it refuses everything else', async () => {
    const date = 'Tue, 01 Mar 2033 02:00:00 GMT';
    server.script((_, response) => {
      response.writeHead(403, { date, 'content-type': 'application/xml' });
      response.end('<Error><Code>AccessDenied</Code></Error>');
    });
    expect(await (await open()).capabilities()).toMatchObject({ time: new Date(date) });
  });
});
