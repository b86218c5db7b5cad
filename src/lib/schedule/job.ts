import type { JobName } from '../config/schedule-settings.ts';
import type { ProfileSettings } from '../config/schema.ts';
import { longestGap, type Timing } from './timing.ts';

/** Something that should run regularly. */
export interface JobDefinition {
  readonly summary: string;
  /** The words of the command and its own flags. `run` is when the backups are made. */
  readonly argv: (run: Timing) => readonly string[];
  readonly timing: Timing;
  /** What the profile lacks for it; undefined when nothing. */
  readonly lacks: (profile: ProfileSettings) => string | undefined;
}

const lacksBackup = ({ backup }: ProfileSettings): string | undefined =>
  backup === undefined ? 'backup' : undefined;
/** The settings of a profile that name keys. */
const lacksAnyKey = ({ backup, keys, kms, platform }: ProfileSettings): string | undefined =>
  backup === undefined && keys === undefined && kms === undefined && platform?.map === undefined
    ? 'keys, kms, backup or platform.map'
    : undefined;
const lacksState = ({ state }: ProfileSettings): string | undefined =>
  state === undefined ? 'state' : undefined;
const lacksKeys = (profile: ProfileSettings): string | undefined =>
  lacksBackup(profile) ?? (profile.backup?.secret_keys === undefined ? 'backup.secret_keys' : undefined);

const lacksRules = (profile: ProfileSettings): string | undefined =>
  lacksBackup(profile) ?? (profile.backup?.prune === undefined ? 'backup.prune' : undefined);

/**
 * The backup comes first in the week, what looks at it comes later in the morning: by the time that people come to
 * work, `backup status` has said whether there is a good one.
 */
export const jobs: Readonly<Record<JobName, JobDefinition>> = {
  'backup-run': {
    summary: 'make a backup set',
    argv: () => ['backup', 'run'],
    timing: { every: 'week', on: 'sunday', hour: 1, minute: 0, jitter: 120 },
    lacks: lacksBackup,
  },
  'backup-verify': {
    summary: 'ask the stores whether every file of the newest set is there',
    argv: () => ['backup', 'verify', '--level', 'head'],
    timing: { every: 'day', hour: 5, minute: 0, jitter: 60 },
    lacks: lacksBackup,
  },
  'backup-verify-full': {
    summary: 'read every byte of the newest set',
    argv: () => ['backup', 'verify', '--level', 'full'],
    timing: { every: 'month', on: 3, hour: 3, minute: 0, jitter: 120 },
    lacks: lacksBackup,
  },
  'backup-drill': {
    summary: 'restore the newest set into a scratch database and compare it',
    argv: () => ['backup', 'drill'],
    timing: { every: 'month', on: 10, hour: 3, minute: 0, jitter: 120 },
    lacks: lacksKeys,
  },
  'backup-prune': {
    summary: 'plan what may be deleted; a person approves and applies it',
    argv: () => ['backup', 'prune', '--plan-only'],
    timing: { every: 'week', on: 'monday', hour: 6, minute: 0, jitter: 60 },
    lacks: lacksRules,
  },
  'backup-status': {
    summary: 'say whether the newest good set is young enough',
    argv: (run) => ['backup', 'status', '--max-age', longestGap(run)],
    timing: { every: 'day', hour: 7, minute: 0, jitter: 30 },
    lacks: lacksBackup,
  },
  'key-status': {
    summary: 'say whether any key is past its cryptoperiod',
    argv: () => ['key', 'status', '--fail-overdue'],
    timing: { every: 'day', hour: 7, minute: 30, jitter: 30 },
    lacks: lacksAnyKey,
  },
  'key-dkim-check': {
    summary: 'ask every name server for the DKIM records of the private keys',
    argv: () => ['key', 'dkim', 'check'],
    timing: { every: 'day', hour: 6, minute: 30, jitter: 30 },
    lacks: ({ keys }) => (keys?.dkim === undefined ? 'keys.dkim' : undefined),
  },
  'map-check': {
    summary: 'find out where the platform database has drifted from the data map',
    argv: () => ['map', 'check'],
    timing: { every: 'week', on: 'wednesday', hour: 5, minute: 30, jitter: 60 },
    lacks: ({ platform }) => (platform?.map === undefined ? 'platform.map' : undefined),
  },
  'request-list': {
    summary: 'say whether a request of a person is overdue',
    argv: () => ['request', 'list'],
    timing: { every: 'day', hour: 7, minute: 45, jitter: 30 },
    lacks: lacksState,
  },
  'hold-list': {
    summary: 'say whether a hold is to be reviewed, or rows wait since one was released',
    argv: () => ['hold', 'list'],
    timing: { every: 'day', hour: 7, minute: 45, jitter: 30 },
    lacks: lacksState,
  },
  'tenant-list': {
    summary: 'say whether the data of a tenant that left is overdue to be deleted',
    argv: () => ['tenant', 'list'],
    timing: { every: 'day', hour: 7, minute: 45, jitter: 30 },
    lacks: lacksState,
  },
  'audit-verify': {
    summary: 'check that the audit log is whole',
    argv: () => ['audit', 'verify'],
    timing: { every: 'day', hour: 4, minute: 0, jitter: 60 },
    lacks: lacksState,
  },
  doctor: {
    summary: 'ask every component whether it works',
    argv: () => ['doctor'],
    timing: { every: 'day', hour: 6, minute: 0, jitter: 60 },
    lacks: () => undefined,
  },
};
