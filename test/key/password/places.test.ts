import { chmod, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalKms } from '../../../src/lib/cloud/local/kms.ts';
import { hookPlace } from '../../../src/lib/key/password/hook.ts';
import { ownershipOf } from '../../../src/lib/key/password/ownership.ts';
import { filePlace, kmsFilePlace, userlistPlace } from '../../../src/lib/key/password/places.ts';
import { plainFile, sealedFile } from '../../../src/lib/key/password/secret-file.ts';
import { fillTemplate, readTemplate } from '../../../src/lib/key/password/template.ts';
import { withUserlistLine } from '../../../src/lib/key/password/userlist.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-places-'));
});
afterAll(() => rm(folder, { recursive: true }));

const secret = {
  role: 'app_b',
  password: 'Zm9v-YmFy_0',
  verifier: 'SCRAM-SHA-256$4096:c2FsdA==$a=:b=',
  planId: 'f00d',
};
const url = 'postgresql://{role}:{password}@db:5432/mail?sslmode=verify-full';

describe('a file', () => {
  test('holds what the template says, and is read back with its URL', async () => {
    const place = filePlace(plainFile(join(folder, 'url')), url, ['app_a', 'app_b']);
    expect(await place.published?.()).toBeUndefined();
    await place.publish(secret);
    const { role, password } = secret;
    expect(await place.published?.()).toEqual({ role, password, url: fillTemplate(url, secret) });
  });

  test('with lines for an environment is read back without one', async () => {
    const place = filePlace(plainFile(join(folder, 'env')), 'PGUSER={role}\nPGPASSWORD={password}\n', [
      'a',
      'b',
    ]);
    await place.publish(secret);
    expect(await readFile(join(folder, 'env'), 'utf8')).toBe('PGUSER=app_b\nPGPASSWORD=Zm9v-YmFy_0\n');
    expect(await place.published?.()).toEqual({ role: 'app_b', password: 'Zm9v-YmFy_0' });
  });

  test('of a single role need not name it', async () => {
    const place = filePlace(plainFile(join(folder, 'bare')), '{password}', ['app']);
    await place.publish(secret);
    expect(await place.published?.()).toEqual({ role: 'app', password: secret.password });
  });

  test('that a person wrote is read with its escapes undone', async () => {
    await writeFile(join(folder, 'escaped'), 'postgresql://app_a:p%40ss@db:5432/mail?sslmode=verify-full\n');
    const place = filePlace(plainFile(join(folder, 'escaped')), url, ['app_a', 'app_b']);
    expect(await place.published?.()).toMatchObject({ role: 'app_a', password: 'p@ss' });
  });

  test('that somebody wrote otherwise says nothing of who is in use', async () => {
    await writeFile(join(folder, 'other'), 'mysql://who@where/what');
    const place = filePlace(plainFile(join(folder, 'other')), url, ['app_a', 'app_b']);
    expect(await place.published?.()).toBeUndefined();
  });

  test('keeps its mode but for the rights of others, and takes the one that is told, whatever the umask', async () => {
    const path = join(folder, 'kept');
    await writeFile(path, 'x');
    await chmod(path, 0o644);
    await plainFile(path).write('y');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    const umask = process.umask(0o077);
    await plainFile(path, { mode: 0o644 })
      .write('z')
      .finally(() => process.umask(umask));
    expect((await stat(path)).mode & 0o777).toBe(0o644);
  });

  test('behind a link is written where the link leads', async () => {
    const [path, link] = [join(folder, 'target'), join(folder, 'link')];
    await writeFile(path, 'old');
    await symlink(path, link);
    await plainFile(link).write('new');
    expect(await readlink(link)).toBe(path);
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  test('in a folder that nobody may write to is an error that names it', async () => {
    await writeFile(join(folder, 'flat'), '');
    await expect(plainFile(join(folder, 'flat', 'under')).write('x')).rejects.toMatchObject({
      exitCode: 1,
      code: 'secret-unwritten',
    });
  });

  test('of an owner that is not known is an error of the configuration', async () => {
    await expect(ownershipOf(join(folder, 'x'), { owner: 'no_such_user' })).rejects.toMatchObject({
      code: 'owner-unknown',
    });
    expect(await ownershipOf(join(folder, 'x'), { owner: 'root', group: 12, mode: 0o640 })).toEqual({
      mode: 0o640,
      owner: { uid: 0, gid: 12 },
    });
  });
});

test('a template is read back as it was filled, and other texts never fail', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
  const part = fc.string({ maxLength: 8 }).filter((text) => !/[{}\n]/.test(text));
  fc.assert(
    fc.property(word, word, part, part, (role, password, before, after) => {
      const template = `${before}user={role} {password}${after}`;
      const text = fillTemplate(template, { role, password });
      expect(fillTemplate(template, { role, ...readTemplate(template, text) } as never)).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(readTemplate(url, text)).toBeUndefined();
    }),
  );
});

describe('a sealed file', () => {
  let kms: Awaited<ReturnType<typeof createLocalKms>>;
  let keyId: string;
  beforeAll(async () => {
    kms = await createLocalKms({
      path: join(folder, 'kms.json'),
      unlock: { passphrase: 'test' },
      scryptLogN: 14,
    });
    ({ keyId } = await kms.createKey({ usage: 'encrypt', description: 'passwords' }));
  });

  const sealed = (name: string, context = 'app') =>
    sealedFile(join(folder, name), { keyId, context: { name: context }, kms: () => Promise.resolve(kms) });

  test('opens with its key and context alone, and does not show the password', async () => {
    const place = kmsFilePlace(sealed('sealed'));
    expect(await place.published?.()).toBeUndefined();
    await place.publish(secret);
    expect(await place.published?.()).toEqual({ role: 'app_b', password: secret.password });
    expect(await readFile(join(folder, 'sealed'), 'utf8')).not.toContain(secret.password);
    await expect(sealed('sealed', 'other').read()).rejects.toMatchObject({ code: 'kms-wrong-key' });
  });

  test('that is damaged is an integrity error', async () => {
    await writeFile(join(folder, 'damaged'), '{"version": 1}');
    await expect(sealed('damaged').read()).rejects.toMatchObject({ exitCode: 5, code: 'secret-damaged' });
  });
});

describe('the user list of PgBouncer', () => {
  test('gets the line of the role, and keeps all others', async () => {
    const path = join(folder, 'userlist.txt');
    await writeFile(path, '; ours\n"app_a" "md5x"\n"app_b" "old"\n"app_bb" "y"\n');
    await userlistPlace(plainFile(path)).publish(secret);
    const line = `"app_b" "${secret.verifier}"`;
    expect(await readFile(path, 'utf8')).toBe(`; ours\n"app_a" "md5x"\n${line}\n"app_bb" "y"\n`);
  });

  test('once and again is the same, whatever stood there', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const once = withUserlistLine(text, 'app_b', 'v');
        expect(withUserlistLine(once, 'app_b', 'v')).toBe(once);
        expect(once.split('\n').filter((line) => line.trimStart().startsWith('"app_b" '))).toHaveLength(1);
      }),
    );
  });
});

describe('a hook', () => {
  const hook = (script: string, timeout = 10_000) =>
    hookPlace({ name: 'app', profile: 'test', command: ['/bin/sh', '-c', script], folder, timeout });

  test('is given the secret on its standard input, and the plan in its environment', async () => {
    await hook('cat > got; printf %s "$POSTERN_PROFILE $POSTERN_PASSWORD $POSTERN_PLAN" > env').publish(
      secret,
    );
    expect(JSON.parse(await readFile(join(folder, 'got'), 'utf8'))).toEqual({
      name: 'app',
      role: 'app_b',
      password: secret.password,
    });
    expect(await readFile(join(folder, 'env'), 'utf8')).toBe('test app f00d');
  });

  test('that fails is told with its last line, without the password', async () => {
    await expect(hook('cat >&2; exit 3').publish(secret)).rejects.toMatchObject({
      code: 'password-hook',
      message: 'the hook /bin/sh ended with 3: {"name":"app","role":"app_b","password":"***"}',
    });
  });

  test('that reads nothing is judged by its exit code', async () => {
    await expect(hook('exec true').publish(secret)).resolves.toBeUndefined();
  });

  test('that does not end is killed with what it started', async () => {
    const start = performance.now();
    await expect(hook('sleep 60 & sleep 60', 300).publish(secret)).rejects.toThrow('did not end within');
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('that is not there is an error of the configuration', async () => {
    const missing = hookPlace({
      name: 'app',
      profile: 'test',
      command: ['/no/such'],
      folder,
      timeout: 1_000,
    });
    await expect(missing.publish(secret)).rejects.toMatchObject({ exitCode: 2, code: 'password-hook' });
  });
});
