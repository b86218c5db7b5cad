import { expect, test } from 'vitest';
import { passwordSettings } from '../../src/lib/config/password-settings.ts';

const good = {
  roles: ['app_a', 'app_b'],
  file: { path: 'app.url', template: 'postgresql://{role}:{password}@db/mail' },
};

function problems(own: object): readonly string[] {
  const parsed = passwordSettings.safeParse({ app: { ...good, ...own } });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`);
}

test('two roles with a template, one role with a bare password, and a hook with a waiting file are right', () => {
  expect(problems({})).toEqual([]);
  expect(problems({ roles: ['app'], file: { path: 'app.secret' } })).toEqual([]);
  const hook = { command: ['/bin/true'], timeout: '5s' };
  expect(problems({ file: undefined, hook, pending: 'app.next' })).toEqual([]);
  expect(problems({ cryptoperiod: '30d', password_bytes: 64, login_url: 'postgresql://db/mail' })).toEqual(
    [],
  );
});

test.each([
  ['no role', { roles: [] }, 'roles'],
  ['three roles', { roles: ['a', 'b', 'c'] }, 'roles'],
  ['one role twice', { roles: ['a', 'a'] }, 'roles: expected two different roles'],
  ['a role that needs quoting', { roles: ['a"b'] }, 'roles.0: expected the name of a role'],
  [
    'two roles of which the file names none',
    { file: { path: 'x', template: '{password}' } },
    'file.template: expected {role}',
  ],
  ['a template without the password', { file: { path: 'x', template: '{role}' } }, 'file.template'],
  ['nobody who gets it', { file: undefined }, ': expected file, kms_file, userlist or hook'],
  [
    'a hook without a place to wait',
    { file: undefined, hook: { command: ['x'] } },
    'pending: expected a path',
  ],
  ['a login in login_url', { login_url: 'postgresql://me:secret@db/mail' }, 'login_url: expected'],
  ['a secret in clear', { admin_url: 'postgresql://me:secret@db/mail' }, 'admin_url: expected a reference'],
  ['too few bytes', { password_bytes: 8 }, 'password_bytes'],
  ['a mode that is none', { file: { ...good.file, mode: '0999' } }, 'file.mode'],
  ['a duration that is none', { cryptoperiod: 'soon' }, 'cryptoperiod: expected a duration such as 90d'],
])('%s is wrong, and the message names the key', (_, own, expected) => {
  expect(problems(own).join('\n')).toContain(expected);
});

test('no message repeats a secret', () => {
  expect(problems({ admin_url: 'postgresql://me:hunter2@db/mail' }).join()).not.toContain('hunter2');
});
