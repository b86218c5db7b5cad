import { z } from 'zod';
import { choice, columnName, label, ownColumn } from './common.ts';
import { fieldErasure } from './erase.ts';
import { keyedHash } from './keyed-hash.ts';
import { logicalName, sourceFormat, valueFormat } from './keyring.ts';
import { identityReference } from './subject.ts';

const category = z
  .string()
  .regex(/^[a-z_]+(\.[a-z_]+)*$|^TODO$/, 'expected a data category such as user.contact.email, or TODO')
  .describe('A fideslang data category; user and what is under it is personal, system is not.');

const parser = choice([
  'rfc5322',
  'address-list',
  'vcard',
  'icalendar',
  'json',
  'html',
  'text',
  'base64',
]).describe('The format of the content, where personal data stands inside it.');

const personal = {
  category: category.optional(),
  identity: identityReference.optional().describe('The value identifies a person by this identity.'),
  parser: parser.optional(),
  about: z
    .union(
      [
        z.boolean(),
        z.strictObject({
          by: label.describe(
            'The reference to the row that is about the person too, and not this one alone.',
          ),
        }),
      ],
      'expected true, false, or {by: a reference}',
    )
    .optional()
    .describe(
      'Whether a row of somebody else is about the person whom this names, as an entry of an address book is. Unless told, a single value says so where the row has no name of its owner, and a text or a list does not.',
    ),
  erase: fieldErasure.optional(),
  review: z
    .string()
    .min(1, 'expected why somebody has to look at it')
    .optional()
    .describe(
      'Why a person decides, value by value, whether an export gives it out: a note that staff wrote.',
    ),
};

const path = z.strictObject(personal).describe('What one JSONPath of a JSON column holds.');

const encrypted = z
  .strictObject({
    dek: columnName.describe('The column that holds the wrapped data encryption key.'),
    by: z
      .string()
      .regex(/^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*$/, 'expected names of references, as in mailbox.owner')
      .optional()
      .describe('The references to follow from this row to the one that the key belongs to.'),
    format: valueFormat.optional(),
    as: logicalName.optional(),
    key_id: ownColumn
      .optional()
      .describe('A column of this row, uuid, that repeats which key the value is under.'),
    from: ownColumn
      .optional()
      .describe('A column of this row that holds the same value, not encrypted in this way yet.'),
    from_format: sourceFormat.optional(),
  })
  .refine(({ from, from_format: form }) => from !== undefined || form === undefined, {
    error: 'expected from, the column that has this format',
    path: ['from_format'],
  })
  .describe('The column is encrypted under a data encryption key of its own person.');

const object = z
  .strictObject({
    bucket: z.string().min(1, 'expected the name of a bucket'),
    key: z
      .string()
      .min(1, 'expected a key template')
      .describe('The object key, with {column} for the values of this row; {{ and }} stand for braces.'),
    format: choice(['eml', 'mbox', 'mime-part', 'vcard', 'icalendar', 'json', 'csv', 'text', 'binary']),
    versions: z.enum(['all', 'latest'], 'expected all or latest').optional(),
    deduplicated: z
      .boolean()
      .optional()
      .describe('Several rows may name one object: it goes with the last of them.'),
  })
  .describe('An object in the store that belongs to the row.');

const domain = z
  .strictObject({
    column: ownColumn.describe(
      'The column that holds the domain: of this row, or of the one that by leads to.',
    ),
    by: label
      .optional()
      .describe('The reference to the row that holds the domain, where that is not this one.'),
  })
  .describe('The value is the part of an address before its @; what stands behind it is in another column.');

export const field = z
  .strictObject({
    description: z.string().optional(),
    type: z
      .string()
      .min(1, 'expected a type')
      .optional()
      .describe(
        'The column’s type as PostgreSQL writes it; left out where the field is an object and no column.',
      ),
    ...personal,
    paths: z
      .record(z.string().startsWith('$', 'expected a JSONPath that starts with $'), path)
      .optional()
      .describe('What stands where in a json or jsonb column.'),
    encrypted: encrypted.optional(),
    hmac: keyedHash.optional(),
    object: object.optional(),
    domain: domain.optional(),
  })
  .refine(({ type, object: stored }) => type !== undefined || stored !== undefined, {
    error: 'expected a type, unless the field is an object',
    path: ['type'],
  })
  .refine(
    ({ hmac, encrypted: sealed, object: stored }) => hmac === undefined || (sealed ?? stored) === undefined,
    {
      error: 'expected neither encrypted nor object beside it',
      path: ['hmac'],
    },
  )
  .refine(
    ({ domain: half, identity, parser, paths, encrypted: sealed, hmac, object: stored }) =>
      half === undefined ||
      (identity !== undefined && (parser ?? paths ?? sealed ?? hmac ?? stored) === undefined),
    {
      error: 'expected an identity beside it, and no parser, paths, encrypted, hmac or object',
      path: ['domain'],
    },
  );
