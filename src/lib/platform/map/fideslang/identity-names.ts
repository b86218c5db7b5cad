import { z } from 'zod';
import type { MapModel } from '../lint/map-model.ts';
import { label } from '../schema/common.ts';
import { identityReference, subject } from '../schema/subject.ts';

/**
 * What stands in a dataset's `meta`, which Fides hands on and does not read: how identities are compared, and which
 * of the map's is meant by one of Fides's.
 */
export const posternMeta = z.strictObject({
  subjects: z.record(label, subject),
  /** Ours, and what the dataset calls it. */
  identities: z.record(identityReference, z.string()),
});

export type PosternMeta = z.infer<typeof posternMeta>;

/**
 * What datasets call the map's identities: `email` and `phone_number`, which Fides asks for by itself, where a subject
 * has one of the kind; else a name of their own.
 */
export function fidesIdentities({ map, tables }: MapModel): ReadonlyMap<string, string> {
  const fields = [...tables.values()].flatMap((table) => table.fields.map(([, field]) => field));
  const parts = fields.flatMap((field) => [field, ...Object.values(field.paths ?? {})]);
  const has = (identity: string, category: string): boolean =>
    parts.some((part) => part.identity === identity && part.category?.startsWith(category) === true);
  const names = new Map<string, string>();
  for (const [person, { identities }] of Object.entries(map.subjects)) {
    const taken = new Set<string>();
    for (const own of Object.keys(identities)) {
      const identity = `${person}.${own}`;
      const known =
        own === 'email' || has(identity, 'user.contact.email')
          ? 'email'
          : own === 'phone_number' || has(identity, 'user.contact.phone_number')
            ? 'phone_number'
            : undefined;
      const name = known === undefined || taken.has(known) ? `${person}_${own}` : known;
      taken.add(name);
      names.set(identity, name);
    }
  }
  return names;
}
