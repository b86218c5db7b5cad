import { describe, expect, it, test } from 'vitest';
import { failure, integrityError, locked, refused, usageError } from '../../src/lib/base/error.ts';
import { errorEnvelope, successEnvelope } from '../../src/lib/cli/envelope.ts';
import { redact } from '../../src/lib/cli/redact.ts';
import { explainError, formatError, traceOf } from '../../src/lib/cli/report-error.ts';
import { renderTable, visible } from '../../src/lib/cli/table.ts';

describe('an error', () => {
  it('that a person can act on keeps its sentence, its hints and its code', () => {
    const reported = explainError(
      usageError('the map is missing', { code: 'map-missing', hints: ['name it', 'or not'] }),
    );
    expect(reported).toEqual({
      message: 'the map is missing',
      code: 'map-missing',
      exitCode: 2,
      hints: ['name it', 'or not'],
      isBug: false,
    });
    expect(formatError(reported)).toBe('postern: error: the map is missing\nhint: name it\nhint: or not');
  });

  it.each([
    [failure('x'), 1, 'failure'],
    [integrityError('x'), 5, 'integrity'],
    [refused('x'), 6, 'refused'],
    [locked('x'), 11, 'locked'],
  ])('%s without a code of its own is named after its exit code', (error, exitCode, code) => {
    expect(explainError(error)).toMatchObject({ exitCode, code, isBug: false });
  });

  it('that nobody foresaw says that it is a bug, whatever was thrown', () => {
    for (const thrown of [new TypeError('x is not a function'), 'a text', undefined, null, { odd: 1 }]) {
      const reported = explainError(thrown);
      expect(reported).toMatchObject({ exitCode: 1, code: 'bug', isBug: true });
      expect(formatError(reported)).toMatch(
        /^postern: error: unexpected: .*\nhint: this is a bug in postern/,
      );
    }
    expect(explainError(new TypeError('x is not a function')).message).toBe(
      'unexpected: x is not a function',
    );
  });

  it('of a full disk is the person’s, and an interruption is nobody’s', () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/var/x' });
    expect(explainError(full)).toMatchObject({
      message: 'no space left on the device: /var/x',
      code: 'disk-full',
      isBug: false,
    });
    for (const name of ['AbortError', 'ExitPromptError'])
      expect(explainError(Object.assign(new Error('x'), { name }))).toMatchObject({
        exitCode: 130,
        message: 'interrupted',
      });
  });

  it.each([
    Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
    new Error('Connection terminated unexpectedly'),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  ])('of a connection that broke is no bug: %s', (error) => {
    expect(explainError(error)).toMatchObject({ exitCode: 1, code: 'connection-lost', isBug: false });
  });

  it('shows its stack and its causes to --verbose', () => {
    const trace = traceOf(failure('outer', { cause: new RangeError('inner') }));
    expect(trace).toContain('PosternError: outer');
    expect(trace).toContain('RangeError: inner');
    expect(trace).toMatch(/at .*report-error\.test\.ts/);
  });
});

describe('secrets', () => {
  it('go from every string under a telling name, and passwords from every URL', () => {
    const url = 'postgresql://u:hunter2@h/d';
    const cleaned = redact({
      passphrase: 'hunter2',
      deep: [{ sessionToken: 'hunter2', secretKey: 'hunter2', secret_access_key: 'hunter2' }],
      message: `cannot reach ${url} nor redis://:x@h and s3://k:hunter2@b`,
      dbPassword: 'hunter2',
    });
    expect(JSON.stringify(cleaned)).not.toContain('hunter2');
    expect(cleaned).toMatchObject({
      passphrase: '***',
      message: expect.stringContaining('postgresql://u:***@h/d'),
    });
  });

  it('leave what is none: references, the path of a key, numbers, dates, plain URLs', () => {
    const value = {
      passphrase: '${file:a}',
      token: '${env:A}',
      secret_key: 'keys/a.asc',
      tokens: 3,
      url: 'https://h:80/a@b',
    };
    expect(redact(value)).toEqual(value);
    expect(redact(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
    expect(redact(null)).toBeNull();
  });

  it('are gone from the envelopes', () => {
    const url = 'postgresql://u:hunter2@h/d';
    const reported = explainError(failure(`at ${url}`, { hints: [url] }));
    const text = JSON.stringify([errorEnvelope('x', reported, [url]), successEnvelope('x', { url }, [url])]);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('isBug');
  });
});

test('a table is for a person, a spreadsheet or a file, and steers neither terminal nor spreadsheet', async () => {
  const rows = [
    { name: 'a "quoted", name', size: 7 },
    { name: '=HYPERLINK("x")', size: -3 },
    { name: 'red\u001B[31m\nline', size: undefined },
  ];
  const columns = [
    { header: 'name', value: ({ name }: (typeof rows)[number]) => name },
    { header: 'size', value: ({ size }: (typeof rows)[number]) => size, align: 'right' as const },
  ];
  expect(await renderTable(rows, columns, 'csv')).toBe(
    'name,size\r\n"a ""quoted"", name",7\r\n"\'=HYPERLINK(""x"")",-3\r\n"red\u001B[31m\nline",',
  );
  const table = await renderTable(rows, columns, 'table');
  expect(table.split('\n')).toHaveLength(4);
  expect(table).toContain('red\\x1b[31m\\x0aline');
  expect(await renderTable(rows, columns, 'yaml')).toContain('size: null');
  expect(visible('\u0000\u007Fok')).toBe('\\x00\\x7fok');
});
