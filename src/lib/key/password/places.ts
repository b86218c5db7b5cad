import { z } from 'zod';
import { integrityError } from '../../base/error.ts';
import type { Place } from './place.ts';
import type { SecretFile } from './secret-file.ts';
import { fillTemplate, isUrlTemplate, readTemplate } from './template.ts';
import { withUserlistLine } from './userlist.ts';

/** A file with the password, or whatever its template makes of role and password. */
export function filePlace(file: SecretFile, template: string, roles: readonly string[]): Place {
  return {
    description: `file ${file.path}`,
    publish: (secret) => file.write(fillTemplate(template, secret)),
    published: async () => {
      const text = await file.read();
      const found = text === undefined ? undefined : readTemplate(template, text);
      const role = found?.role ?? (roles.length === 1 ? roles[0] : undefined);
      if (found === undefined || role === undefined) return undefined;
      const { password } = found;
      if (!isUrlTemplate(template)) return { role, password };
      // A person who wrote it may have had to escape characters of the password.
      const url = fillTemplate(template, { role, password }).trim();
      return { role, password: unescaped(password), url };
    },
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const login = z.strictObject({ role: z.string(), password: z.string() });

/** A file with role and password as JSON, under a key of the key management service. */
export function kmsFilePlace(file: SecretFile): Place {
  return {
    description: `sealed file ${file.path}`,
    publish: ({ role, password }) => file.write(JSON.stringify({ role, password })),
    published: async () => {
      const text = await file.read();
      if (text === undefined) return undefined;
      try {
        return login.parse(JSON.parse(text));
      } catch {
        // No cause: it would repeat some of the text.
        throw integrityError(`what ${file.path} holds is no login`, { code: 'secret-damaged' });
      }
    },
  };
}

/** PgBouncer's auth_file: the role's line is replaced, and all others stay. */
export function userlistPlace(file: SecretFile): Place {
  return {
    description: `user list ${file.path}`,
    publish: async ({ role, verifier }) =>
      file.write(withUserlistLine((await file.read()) ?? '', role, verifier)),
  };
}
