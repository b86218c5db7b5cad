import { z } from 'zod';
import { choice, columnName, label, ownColumn } from './common.ts';
import { retention, tableErasure } from './erase.ts';
import { field } from './field.ts';
import { reference } from './reference.ts';

const ownership = choice(['exclusive', 'shared', 'third-party']).describe(
  'exclusive: a row belongs to one person. shared: to several. third-party: to somebody else, and only mentions them.',
);

const legalBasis = choice([
  'consent',
  'contract',
  'legal-obligation',
  'vital-interests',
  'public-task',
  'legitimate-interests',
]).describe('Article 6(1) of the GDPR.');

const exported = z.strictObject({
  as: z.enum(
    ['json', 'csv', 'mbox', 'eml', 'vcard', 'icalendar'],
    'expected one of json, csv, mbox, eml, vcard, icalendar',
  ),
  set: z
    .enum(['access', 'portability', 'both'], 'expected one of access, portability, both')
    .optional()
    .describe('Article 15, Article 20, or both; both unless told.'),
});

export const table = z.strictObject({
  description: z.string().optional(),
  primary_key: z.array(ownColumn).min(1, 'expected at least one column').optional(),
  tenant: ownColumn
    .optional()
    .describe('The column that says which tenant, the controller, a row belongs to.'),
  ownership,
  owner: z
    .union([label, z.array(label)], 'expected the name of a reference, or a list of them')
    .optional()
    .describe('The references that lead to the row’s owner; all of them unless told; [] where none does.'),
  held_by: z
    .union([columnName, z.array(columnName).min(1)], 'expected schema.table.column, or a list of them')
    .optional()
    .describe(
      'Of a shared table: columns of exclusive tables that refer to its rows; who owns such a row has a share. Unless told, and where no reference leads to an owner, all that do.',
    ),
  legal_basis: legalBasis.optional(),
  retention: retention.optional(),
  references: z.array(reference).optional(),
  fields: z.record(ownColumn, field).optional(),
  non_personal: z
    .array(ownColumn)
    .optional()
    .describe('Columns that hold no personal data and need no more said about them.'),
  erase: tableErasure.optional(),
  exports: exported.optional(),
});
