import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { proveLogin } from '../../../src/lib/key/password/connection.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../../src/lib/sandbox/server.ts';
import { describeWith } from '../../support/optional.ts';

const run = promisify(execFile);

describeWith(['openssl'], 'a server that speaks TLS only', ({ openssl }) => {
  let server: EmbeddedServer;
  let client: Client;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-tls-'));
    await chmod(folder, 0o755);
    server = await startEmbeddedServer({
      dataDirectory: join(folder, 'data'),
      walSegmentSize: 1,
      settings: { fsync: 'off', log_connections: 'on' },
    });
    const [key, certificate] = [join(server.dataDirectory, 'server.key'), join(folder, 'server.crt')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    await run(openssl, [...request, '-days', '2', ...names, '-keyout', key, '-out', certificate]);
    const { uid, gid } = await stat(join(server.dataDirectory, 'base'));
    await run('chown', [`${uid}:${gid}`, key]);
    client = await connect({ url: server.url, role: 'test server' });
    await client.query(`alter system set ssl_cert_file = '${certificate}'`);
    await client.query('alter system set ssl = on');
    await client.query(`create role app login password 'right'`);
    const hba = join(server.dataDirectory, 'pg_hba.conf');
    await writeFile(hba, `hostnossl all app all reject\n${await readFile(hba, 'utf8')}`);
    await client.query('select pg_reload_conf()');
  });
  afterAll(async () => {
    await client.end();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  test('is logged in to as its URL says, certificate and all', async () => {
    const url = `${server.url}?sslmode=verify-full&sslrootcert=${join(folder, 'server.crt')}`;
    const login = { role: 'app', password: 'right' };
    await expect.poll(() => proveLogin(url, login).then(() => 'in', String), { timeout: 10_000 }).toBe('in');
    await expect(proveLogin(url, { ...login, password: 'wrong' })).rejects.toMatchObject({
      code: 'password-refused',
    });
    await expect(proveLogin(server.url, login)).rejects.toMatchObject({ code: 'password-refused' });
  });

  test('that has another certificate than the URL trusts is not given the password', async () => {
    const url = `${server.url}?sslmode=verify-full`;
    await expect(proveLogin(url, { role: 'app', password: 'right' })).rejects.toMatchObject({
      code: 'password-refused',
      message: expect.stringContaining('certificate'),
    });
  });
});
