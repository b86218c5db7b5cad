import { afterEach, describe, expect, test, vi } from 'vitest';
import { withLibpqSettings } from '../../src/lib/backup/schema-dump/libpq-settings.ts';

describe('withLibpqSettings', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('keeps the password out of arguments and environment', async () => {
    vi.stubEnv('PGPASSWORD', 'sesame-env');
    await withLibpqSettings('postgresql://u:sesame%3A1@h:5433/d', async ({ connection, environment }) => {
      expect(connection).toBe(
        "host='h' port='5433' user='u' dbname='d' gssencmode='disable' sslmode='disable'",
      );
      expect(JSON.stringify(environment)).not.toContain('sesame');
      const { readFile, stat } = await import('node:fs/promises');
      const file = environment['PGPASSFILE'] ?? '';
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).toBe('*:*:*:*:sesame\\:1\n');
    });
  });

  test('leaves no file behind, even after an error', async () => {
    const { access } = await import('node:fs/promises');
    let file = '';
    const work = withLibpqSettings('postgresql://u:sesame@h/d', async ({ environment }) => {
      file = environment['PGPASSFILE'] ?? '';
      await access(file);
      throw new Error('work failed');
    });
    await expect(work).rejects.toThrow('work failed');
    await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    ['?sslmode=disable', /sslmode='disable'/],
    ['?sslmode=no-verify', /sslmode='require'/],
    ['?sslmode=verify-full', /sslmode='verify-full' sslrootcert='[^']*root\.crt'/],
    ['?options=-c%20statement_timeout%3D5', /options='-c statement_timeout=5'/],
  ])('carries over %s', async (query, expected) => {
    await withLibpqSettings(`postgresql://u@h/it%27s%5C${query}`, async ({ connection }) => {
      expect(connection).toMatch(expected);
      expect(connection).toContain(`dbname='it\\'s\\\\'`);
    });
  });
});
