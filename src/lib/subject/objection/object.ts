import { type AuditContext, audited } from '../../audit/audited.ts';
import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import { resolveWho } from '../find/index.ts';
import { requireOnePerson } from '../find/one-person.ts';
import { hashesOfAll, hashesToFind, type NameHasher, requireNameless } from '../name-hash/index.ts';
import type { ResultOf } from './results.ts';
import { readSuppressed, storeObjectionEvent } from './store.ts';

/** What every change of the list needs. */
export interface ObjectionContext extends AuditContext {
  readonly profile: string;
  readonly signal: AbortSignal;
}

export interface Objecting {
  /** A reading session of the platform database. */
  readonly db: Client;
  readonly map: DataMap;
  readonly hasher: NameHasher;
}

export interface Objection {
  readonly who: readonly string[];
  /** Whether rows of one table that the names lead to are one person. */
  readonly onePerson?: boolean | undefined;
  /** Names that several persons share: they stay off the list. */
  readonly shared?: readonly string[] | undefined;
  readonly channel: string;
  readonly reason: string | undefined;
}

/**
 * Puts every name of a person on the list of a channel, shared ones too: who objected is not to be called at the
 * office either.
 * @throws {PosternError} exit 2 `text-names-person`; exit 6 `person-ambiguous`; as `resolveWho`
 */
export async function objectFor(
  context: ObjectionContext,
  objecting: Objecting,
  objection: Objection,
): Promise<ResultOf<'object'>> {
  const { profile } = context;
  const { channel, reason = null } = objection;
  const { identities, known, found } = await namesOf(context, objecting, objection);
  const hashes = hashesOfAll(objecting.hasher, 'suppression', identities, known);
  const state = await context.state();
  return audited(context, { action: 'subject.object', detail: { channel } }, async (run) => {
    const before = new Set((await readSuppressed(state, profile, channel)).map(({ hash }) => hash));
    const added = hashes.filter((hash) => !before.has(hash)).length;
    const author = authorOf(context);
    // Even where nothing is new: that the person objected again, and when, is on record.
    await storeObjectionEvent(state, {
      profile,
      kind: 'objected',
      channel,
      reason,
      author,
      suppress: hashes,
      allow: [],
    });
    run.note({ added });
    return { did: 'object', channel, added, names: hashes.length, found };
  });
}

/**
 * Takes every name of a person from the list of a channel, under whichever key it stands there.
 * @throws {PosternError} exit 2 `objection-unknown`, `text-names-person`; exit 6 `person-ambiguous`; as `resolveWho`
 */
export async function withdrawFor(
  context: ObjectionContext,
  objecting: Objecting,
  objection: Objection,
): Promise<ResultOf<'withdraw'>> {
  const { profile } = context;
  const { channel, reason = null } = objection;
  const { identities, known } = await namesOf(context, objecting, objection);
  const theirs = hashesToFind(objecting.hasher, 'suppression', identities, known);
  const state = await context.state();
  const allow = (await readSuppressed(state, profile, channel))
    .map(({ hash }) => hash)
    .filter((hash) => theirs.has(hash));
  if (allow.length === 0) {
    throw usageError(`nobody of that name is on the list of ${channel}`, { code: 'objection-unknown' });
  }
  return audited(context, { action: 'subject.object-withdraw', detail: { channel } }, async (run) => {
    const author = authorOf(context);
    await storeObjectionEvent(state, {
      profile,
      kind: 'withdrawn',
      channel,
      reason,
      author,
      suppress: [],
      allow,
    });
    run.note({ removed: allow.length });
    return { did: 'withdraw', channel, removed: allow.length };
  });
}

async function namesOf(
  { signal }: ObjectionContext,
  { db, map }: Objecting,
  { who, onePerson, shared, reason = '' }: Objection,
) {
  await db.query('begin isolation level repeatable read read only');
  const { resolving, resolved } = await resolveWho(db, map, { who, tenant: undefined, shared, signal });
  requireOnePerson(resolving, resolved, onePerson);
  requireNameless([reason], resolved.known);
  const { known, roots } = resolved;
  return { identities: resolving.graph.identities, known, found: roots.length > 0 };
}

export const authorOf = ({ actor }: Pick<ObjectionContext, 'actor'>): string =>
  actor.fingerprint ?? `${actor.osUser}@${actor.host}`;
