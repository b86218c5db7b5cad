import type { DatabaseSource } from '../../../src/lib/backup/context.ts';
import { platformSource } from '../../support/backup-world.ts';

/** When a run kills itself: before a call to a store, or before a statement to the state database. */
export type KillMoment =
  | {
      readonly call: 'put' | 'head';
      readonly key: string;
      readonly at: 'offsite' | 'second';
      /** The first such call unless told. */
      readonly nth?: number;
      /** Dies only once the first destination has the manifest: the two are sent at the same time. */
      readonly isAfterFirst?: boolean;
    }
  | { readonly statement: string; readonly nth?: number };

/** What a run that was killed leaves, in the words of the next run. */
export interface Leftover {
  readonly name: string;
  readonly moment: KillMoment;
  readonly leaves: 'no run' | 'no set' | 'the set' | 'the set at offsite';
}

const put = (key: string): KillMoment => ({ call: 'put', key, at: 'offsite' });

/** Every state that a run goes through, in its order. */
export const killMoments: readonly Leftover[] = [
  {
    name: 'before it has noted down that it begins',
    moment: { statement: 'insert into postern.backup_set ' },
    leaves: 'no run',
  },
  {
    name: 'before it has noted down where the set goes',
    moment: { statement: 'insert into postern.backup_copy' },
    leaves: 'no set',
  },
  { name: "before the signature of a keyring's part", moment: put('keyrings/.*\\.asc$'), leaves: 'no set' },
  { name: "before a keyring's part", moment: put('keyrings/.*\\.pgp$'), leaves: 'no set' },
  { name: 'before the first part of a table', moment: put('/platform/30-data/'), leaves: 'no set' },
  { name: 'before a script', moment: put('/platform/20-pre-data'), leaves: 'no set' },
  { name: 'before a large object', moment: put('/platform/40-large-objects/'), leaves: 'no set' },
  { name: 'between two databases', moment: put('/calendar/30-data/'), leaves: 'no set' },
  { name: 'before README.txt', moment: put('/README\\.txt$'), leaves: 'no set' },
  { name: 'before SHA256SUMS', moment: put('/SHA256SUMS$'), leaves: 'no set' },
  {
    name: 'before it has noted down which manifest it sends',
    moment: { statement: 'set manifest_sha256' },
    leaves: 'no set',
  },
  { name: 'before the manifest', moment: put('/manifest\\.json\\.pgp$'), leaves: 'no set' },
  {
    name: 'between the manifests of two destinations',
    moment: { call: 'put', key: '/manifest\\.json\\.pgp$', at: 'second', isAfterFirst: true },
    leaves: 'the set at offsite',
  },
  {
    name: 'while it looks what another has left',
    moment: { call: 'head', key: '/manifest\\.json\\.pgp$', at: 'second' },
    leaves: 'no run',
  },
  {
    name: 'right after the manifest, before it is read back',
    moment: { call: 'head', key: '/manifest\\.json\\.pgp$', at: 'second', nth: 2, isAfterFirst: true },
    leaves: 'the set',
  },
  {
    name: 'after the manifest was read back',
    // The first two are about what the one before has left.
    moment: { statement: 'update postern.backup_copy set state', nth: 3 },
    leaves: 'the set',
  },
  {
    name: 'while it notes down what another has left',
    moment: { statement: 'update postern.backup_copy set state', nth: 2 },
    leaves: 'no run',
  },
  {
    name: 'between what it notes down of the copies and of the set',
    moment: { statement: 'set parts' },
    leaves: 'the set',
  },
];

/** What makes these runs short. */
export const quickOptions = { workers: 1, level: 1 } as const;

/** The platform with wrapped keys, and a further database. */
export function killWorldSources(platformUrl: string): readonly DatabaseSource[] {
  return [
    { ...platformSource(platformUrl), wrappedKeys: [{ table: 'public.subject', column: 'dek' }] },
    { ...platformSource(platformUrl), name: 'calendar' },
  ];
}
