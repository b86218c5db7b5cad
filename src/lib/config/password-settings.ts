import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { secretReference } from './secret.ts';

const path = z.string().min(1).describe('a path; relative ones start at the configuration file');

/** Plain enough to stand unquoted in a URL, in JSON and in a pooler's list. */
const role = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/,
    'expected the name of a role: letters, digits, _, . and -, at most 63',
  );

const duration = (example: string) =>
  z.string().transform((value, context) => {
    const milliseconds = parseDuration(value);
    if (milliseconds !== undefined) return milliseconds;
    context.addIssue({ code: 'custom', message: `expected a duration such as ${example}` });
    return z.NEVER;
  });

const ownership = {
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected permission bits in octal such as "0640"')
    .optional()
    .describe(
      'permission bits in octal; those of the file that is there, without rights of others, else 0600',
    ),
  owner: z
    .union([z.string().min(1), z.number().int().nonnegative()])
    .optional()
    .describe('a user by name or number; that of the file that is there unless told'),
  group: z
    .union([z.string().min(1), z.number().int().nonnegative()])
    .optional()
    .describe('a group by name or number; that of the file that is there unless told'),
};

const managedPassword = z
  .strictObject({
    roles: z
      .array(role)
      .min(1)
      .max(2)
      .refine((roles) => new Set(roles).size === roles.length, 'expected two different roles')
      .describe('the login role, or two that take turns'),
    admin_url: z
      .string()
      .regex(secretReference, 'expected a reference, ${file:PATH} or ${env:NAME}')
      .optional()
      .describe('a secret: the login that may alter the roles; platform.write_url unless told'),
    login_url: z
      .string()
      .regex(/^postgres(?:ql)?:\/\/(?![^/]*@)/, 'expected postgresql://HOST/DATABASE without a login')
      .optional()
      .describe('where the new password is tried; the server of the admin unless told'),
    file: z
      .strictObject({
        path,
        template: z
          .string()
          .includes('{password}')
          .optional()
          .describe('what the file holds, {role} and {password} filled in; {password} unless told'),
        ...ownership,
      })
      .optional(),
    kms_file: z
      .strictObject({ path, kms_key: z.string().min(1), ...ownership })
      .optional()
      .describe('the role and its password, encrypted under a key of kms'),
    userlist: z
      .strictObject({ path, ...ownership })
      .optional()
      .describe("PgBouncer's auth_file"),
    hook: z
      .strictObject({
        command: z.array(z.string().min(1)).min(1).describe('the program and its arguments'),
        timeout: duration('30s').optional().describe('30s, unless told'),
      })
      .optional()
      .describe('a program that is given the secret on its standard input'),
    pending: path
      .optional()
      .describe('where the new password waits while a rotation is under way; beside the file unless told'),
    cryptoperiod: duration('90d').optional().describe('90d, unless told'),
    password_bytes: z
      .number()
      .int()
      .min(16)
      .max(64)
      .optional()
      .describe('random bytes of a password; 32, unless told'),
  })
  .refine(({ file, kms_file, userlist, hook }) => [file, kms_file, userlist, hook].some(Boolean), {
    message: 'expected file, kms_file, userlist or hook: somebody must get the new password',
  })
  .refine(
    ({ roles, file }) => roles.length === 1 || file === undefined || file.template?.includes('{role}'),
    {
      path: ['file', 'template'],
      message: 'expected {role}: of two roles, the reader must be told which',
    },
  )
  .refine(({ file, kms_file, pending }) => [file, kms_file, pending].some(Boolean), {
    path: ['pending'],
    message: 'expected a path: without file and kms_file there is no place beside which it could wait',
  });

/** `keys.passwords`: passwords of database roles, by names that a person chooses. */
export const passwordSettings = z.record(
  z.string().regex(/^[a-z][a-z0-9_-]*$/, 'expected a name of lowercase letters, digits, - and _'),
  managedPassword,
);

export type PasswordSettings = z.infer<typeof managedPassword>;
