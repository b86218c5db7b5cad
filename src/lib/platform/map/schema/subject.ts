import { z } from 'zod';
import { label } from './common.ts';

const identity = z
  .strictObject({
    description: z.string().optional(),
    normalise: z
      .array(
        z.enum(
          ['trim', 'lower', 'nfc', 'nfkc', 'idna', 'digits'],
          'expected one of trim, lower, nfc, nfkc, idna, digits',
        ),
      )
      .optional()
      .describe('Steps, in order, after which two values of this identity are compared.'),
    variants: z
      .array(z.enum(['plus-tag', 'dots'], 'expected one of plus-tag, dots'))
      .optional()
      .describe('Other spellings that are the same person: a+tag@x is a@x; a.b@x is ab@x.'),
  })
  .describe('Something that tells one person from another: an address, a telephone number, an account id.');

export const subject = z
  .strictObject({
    description: z.string().optional(),
    identities: z
      .record(label, identity)
      .refine((identities) => Object.keys(identities).length > 0, 'expected at least one identity'),
  })
  .describe('A kind of person whose data the platform holds.');

/** `contact.email`: a subject and one of its identities. */
export const identityReference = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*$|^TODO$/,
    'expected subject.identity, as in contact.email, or TODO',
  );
