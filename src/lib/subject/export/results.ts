// What `subject export` returns under --json. It holds counts, names of tables and of files, and nobody's data.
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const subjectExportResult = z.strictObject({
  /**
   * `review`: all is there but what a person has to decide on, which is masked. `incomplete`: something could not be
   * exported.
   */
  verdict: z.enum(['complete', 'review', 'incomplete']),
  set: z.enum(['access', 'portability']),
  /** Of this export; it stands in every manifest too. */
  exportId: z.string(),
  tenant: z.string().nullable(),
  /** Of the request that it answers. */
  request: count.nullable(),
  archives: z.array(
    z.strictObject({
      file: z.string(),
      bytes: count,
      /** Of the file as it lies there, lowercase hex. */
      sha256: z.string(),
      /** In it. */
      files: count,
      /** Of its manifest's certificate; null where nobody is configured to sign. */
      certificateId: z.string().nullable(),
    }),
  ),
  /** The recipient's fingerprint, `passphrase`, or null: in clear. */
  encryptedFor: z.string().nullable(),
  tables: z.array(
    z.strictObject({
      table: z.string(),
      class: z.enum(['own', 'shared']),
      rows: count,
      messages: count,
      objects: count,
    }),
  ),
  /** Rows of others that name the person; none in a portability export. */
  mentions: z.array(z.strictObject({ table: z.string(), rows: count })),
  masked: z.array(z.strictObject({ kind: z.string(), count })),
  /** Given out because a person decided so. */
  disclosed: count,
  review: z.strictObject({
    /** Items that nobody has decided yet. */
    open: count,
    /** Where they wait; null where there are none. */
    file: z.string().nullable(),
    /** Decisions that were about nothing in this export. */
    unused: count,
  }),
  /** What should be there and is not. */
  missing: z.array(z.strictObject({ table: z.string(), why: z.string(), count })),
});

export type SubjectExportResult = z.infer<typeof subjectExportResult>;
