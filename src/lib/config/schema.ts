import { z } from 'zod';
import { parseByteSize } from '../base/byte-size.ts';
import { parseDuration } from '../base/duration.ts';
import { bucketSettings } from './bucket-settings.ts';
import { drillSettings } from './drill-settings.ts';
import { keySettings } from './key-settings.ts';
import { priceSettings, pruneSettings } from './prune-settings.ts';
import { scheduleSettings } from './schedule-settings.ts';
import { secretReference } from './secret.ts';
import { subjectSettings } from './subject-settings.ts';

const path = z
  .string()
  .min(1)
  .describe('a path; relative ones start at the configuration file, ~ is the home folder');
const secret = z
  .string()
  .regex(
    secretReference,
    'expected a reference, ${file:PATH} or ${env:NAME}; a secret never stands here itself',
  )
  .describe('a secret: a reference ${file:PATH} or ${env:NAME}; never the secret itself');
const byteSize = z
  .union([z.string(), z.number().int().positive()])
  .transform((value, context) => {
    const bytes = typeof value === 'number' ? value : parseByteSize(value);
    if (bytes !== undefined && bytes > 0) return bytes;
    context.addIssue({ code: 'custom', message: 'expected a size such as 64MiB' });
    return z.NEVER;
  })
  .describe('a size in bytes, or with a unit: 64MiB');

const duration = z
  .string()
  .transform((value, context) => {
    const milliseconds = parseDuration(value);
    if (milliseconds !== undefined) return milliseconds;
    context.addIssue({ code: 'custom', message: 'expected a duration such as 35d or 12h' });
    return z.NEVER;
  })
  .describe('a duration: 12h, 35d, 2w or ISO 8601 without months and years');

const awsCredentials = z
  .union([
    z.strictObject({ profile: z.string().min(1) }),
    z.strictObject({ access_key_id: secret, secret_access_key: secret, session_token: secret.optional() }),
  ])
  .describe('how to log in; left out: the usual chain of environment, shared files and instance role');

const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]*$/,
    'expected a name of lowercase letters, digits, - and _, beginning with a letter',
  );

const localStore = z.strictObject({
  adapter: z.literal('local'),
  path,
  durability: z
    .enum(['synced', 'fast'])
    .optional()
    .describe(
      'synced, unless told: on the disk before it counts as stored; fast: for data that can be made again',
    ),
});

const s3Store = z.strictObject({
  adapter: z.literal('s3'),
  bucket: z.string().min(3),
  prefix: z.string().optional(),
  region: z.string().optional(),
  endpoint: z.url().optional(),
  path_style: z.boolean().optional(),
  checksum: z.enum(['auto', 'sha256', 'crc32', 'crc64nvme', 'md5', 'none']).optional(),
  conditional_put: z
    .enum(['native', 'emulated'])
    .optional()
    .describe('native, unless told; emulated for stores without If-None-Match, such as Backblaze B2'),
  credentials: awsCredentials.optional(),
});

const kms = z.discriminatedUnion('adapter', [
  z
    .strictObject({
      adapter: z.literal('local'),
      path,
      passphrase: secret.optional(),
      openpgp_key: path.optional(),
    })
    .refine((value) => value.passphrase !== undefined || value.openpgp_key !== undefined, {
      message: 'expected passphrase or openpgp_key: the key file is always sealed',
    }),
  z.strictObject({
    adapter: z.literal('aws'),
    region: z.string().optional(),
    endpoint: z.url().optional(),
    credentials: awsCredentials.optional(),
  }),
]);

const lock = z
  .strictObject({
    mode: z.enum(['governance', 'compliance']),
    for: duration.describe('how long, from the start of the run'),
  })
  .describe('retention that the store enforces, asked for with each object');

const destination = z.strictObject({
  store: z.string().describe('the name of the store that takes the sets'),
  prefix: z.string().optional().describe('the folder of the sets inside the store; "backup" unless told'),
  required: z
    .boolean()
    .optional()
    .describe('true, unless told: a run without a whole set here is no success'),
  lock: lock.optional(),
  keyring_lock: lock
    .optional()
    .describe(
      "of the subjects' wrapped keys; 35d in the mode of `lock` unless told. After an erasure, this is how long a copy of the key remains",
    ),
  price: priceSettings.optional(),
});

const objectBackup = z
  .strictObject({
    buckets: bucketSettings.describe('the buckets that go along, by the names that the data map gives them'),
    full_every: duration
      .optional()
      .describe(
        '30d, unless told: a run this long after the last full set stores every object again; locks of mail objects are longer by this',
      ),
  })
  .describe('mail objects (bodies, attachments) that go into every set');

const backup = z
  .strictObject({
    destinations: z
      .record(name, destination)
      .refine((found) => Object.keys(found).length > 0, 'expected at least one destination')
      .describe('where the sets go; the first one is read from unless a command is told --from'),
    sources: z
      .array(name)
      .min(1)
      .optional()
      .describe(
        'the databases of a set: platform, names under platform.databases, state; all of them unless told',
      ),
    objects: objectBackup.optional(),
    recipients: z
      .array(path)
      .min(1)
      .describe('public OpenPGP keys, at least two: operations and offline; with kms_key, one suffices'),
    kms_key: z
      .string()
      .min(1)
      .optional()
      .describe(
        'the id or ARN of a key in kms that wraps what opens each set; the host need only encrypt with it',
      ),
    signer: z.strictObject({ secret_key: path, passphrase: secret.optional() }),
    trusted_signers: z.array(path).min(1).describe('public keys whose manifests are believed'),
    secret_keys: z
      .array(path)
      .optional()
      .describe('secret keys for verify and restore; leave this out on the host that writes the backups'),
    secret_key_passphrase: secret.optional(),
    part_size: byteSize
      .optional()
      .describe(
        'the encrypted size at which a part ends; 32MiB divided by the workers, and 8MiB at least, unless told',
      ),
    compression_level: z
      .number()
      .int()
      .min(1)
      .max(19)
      .optional()
      .describe('zstd level; unless told, one between 2 and 3 that is nearly as small as 3'),
    workers: z.number().int().min(1).max(64).optional().describe('parallel copies; one per core unless told'),
    verify_before_upload: z
      .boolean()
      .optional()
      .describe('open every part again in memory before it is sent; true unless told'),
    restore_url: secret
      .optional()
      .describe(
        "a superuser login on the server that takes restored databases; the platform database's unless told",
      ),
    pg_dump: path.optional().describe('the pg_dump to use for the schema'),
    prune: pruneSettings.optional(),
    drill: drillSettings.optional(),
  })
  .refine(({ recipients, kms_key }) => recipients.length >= (kms_key === undefined ? 2 : 1), {
    path: ['recipients'],
    message:
      'expected at least two keys: one for operations, one that is kept offline; with kms_key, one suffices',
    // Told beside whatever else is wrong.
    when: ({ value }) => Array.isArray((value as { readonly recipients?: unknown } | null)?.recipients),
  });

const profile = z.strictObject({
  platform: z
    .strictObject({
      url: secret,
      write_url: secret
        .optional()
        .describe('the login that applies plans to this database; nothing else uses it'),
      map: path.optional(),
      databases: z
        .record(
          name.refine((value) => value !== 'platform' && value !== 'state', 'this name is taken'),
          z.strictObject({ url: secret, map: path.optional() }),
        )
        .optional()
        .describe('further databases of the platform, which go into the same backup sets'),
    })
    .optional()
    .describe("the mail platform's own database"),
  state: z
    .strictObject({ url: secret, owner_url: secret.optional() })
    .optional()
    .describe("postern's own database; owner_url is the login that may migrate it"),
  kms: kms.optional(),
  stores: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]*$/), z.discriminatedUnion('adapter', [localStore, s3Store]))
    .optional(),
  backup: backup.optional(),
  operator: z
    .strictObject({
      secret_key: path.optional(),
      passphrase: secret.optional(),
      fingerprint: z.string().optional(),
    })
    .optional()
    .describe('who works here: the enrolled OpenPGP key'),
  certificates: z
    .strictObject({
      signer: z.union([z.strictObject({ key: path }), z.strictObject({ kms_key: z.string() })]),
      trust: z.array(path).optional(),
    })
    .optional(),
  keys: keySettings.optional(),
  subjects: subjectSettings.optional(),
  schedule: scheduleSettings.optional(),
  approvals: z
    .record(z.string(), z.number().int().min(0).max(10))
    .optional()
    .describe('how many operators must approve a plan, by kind; `default` for those not named'),
});

/** The whole of postern.yaml. */
export const configFile = z.strictObject({
  version: z.literal(1, 'expected version 1'),
  default_profile: z.string().optional(),
  profiles: z.record(name, profile),
});

export type ConfigFile = z.infer<typeof configFile>;
export type ProfileSettings = z.infer<typeof profile>;
export type DestinationSettings = NonNullable<ProfileSettings['backup']>['destinations'][string];
export type StoreSettings = NonNullable<ProfileSettings['stores']>[string];
