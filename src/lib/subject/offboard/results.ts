// What `tenant offboard` and `tenant list` return under --json.
import { z } from 'zod';
import { rowActions } from '../erase/closure/treatment.ts';
import { subjectEraseResult } from '../erase/results.ts';

const count = z.number().int().nonnegative();

/** A tenant whose contract ended. */
export const offboarding = z.strictObject({
  number: count,
  tenant: z.string(),
  /** A day: `2026-11-01`. */
  endedOn: z.string(),
  /** The last day on which its data is returned or deleted in time. */
  dueOn: z.string(),
  reason: z.string(),
  begunAt: z.string(),
  /** RFC 3339, UTC; null as long as that was not done. */
  returnedAt: z.string().nullable(),
  deletedAt: z.string().nullable(),
  certificateId: z.string().nullable(),
  /** `due`: soon. `late`: deleted after its day. `superseded`: a later entry counts. */
  verdict: z.enum(['open', 'due', 'overdue', 'deleted', 'late', 'superseded']),
});

export const tenantListResult = z.strictObject({
  tenants: z.array(offboarding),
  open: count,
  due: count,
  overdue: count,
});

/** What is there of the tenant after all was done. */
export const recounted = z.strictObject({
  tables: count,
  /** Rows that nothing keeps: there should be none. */
  left: z.array(z.strictObject({ table: z.string(), rows: count })),
  kept: z.array(
    z.strictObject({
      table: z.string(),
      action: z.enum(rowActions),
      rows: count,
      law: z.string().nullable(),
      /** When the law lets the first and the last of them go; null where the map does not tell. */
      firstUntil: z.string().nullable(),
      lastUntil: z.string().nullable(),
    }),
  ),
  /** Objects that should be gone, or lie where the keys of the tenant's objects begin and no row names them. */
  objectsLeft: z.array(z.strictObject({ bucket: z.string(), objects: count })),
  /** What holds kept, also those that were placed meanwhile; not told by runs of before. */
  holds: z.array(z.strictObject({ hold: count, table: z.string(), rows: count })).optional(),
});

export const offboardDone = recounted.extend({
  rowsDeleted: count,
  rowsChanged: count,
  rowsLate: count,
  objects: count,
  versions: count,
  /** Under a lock of the store: they stay until it ends. */
  objectsRetained: count,
});

export const tenantReturn = z.strictObject({
  exportId: z.string(),
  archives: z.array(
    z.strictObject({
      file: z.string(),
      bytes: count,
      sha256: z.string(),
      files: count,
      certificateId: z.string().nullable(),
    }),
  ),
  /** The fingerprint of an OpenPGP key, `passphrase`, or null: in clear. */
  encryptedFor: z.string().nullable(),
  tables: z.array(z.strictObject({ table: z.string(), rows: count, messages: count, objects: count })),
  /** Tables that are not in it, and why. */
  left: z.array(z.strictObject({ table: z.string(), why: z.string() })),
  /** What should be in it and could not be had. */
  missing: z.array(z.strictObject({ table: z.string(), why: z.string(), count })),
});

export const tenantOffboardResult = z.strictObject({
  tenant: z.string(),
  /** Null where nothing is kept: a dry run of one that the register does not know. */
  offboarding: offboarding.nullable(),
  deletion: subjectEraseResult
    .omit({ persons: true, done: true })
    .extend({ untied: z.array(z.string()), done: offboardDone.nullable() })
    .nullable(),
  returned: tenantReturn.nullable(),
});

export type TenantReturn = z.infer<typeof tenantReturn>;
export type Offboarding = z.infer<typeof offboarding>;
export type TenantListResult = z.infer<typeof tenantListResult>;
export type Recounted = z.infer<typeof recounted>;
export type OffboardDone = z.infer<typeof offboardDone>;
export type TenantOffboardResult = z.infer<typeof tenantOffboardResult>;
