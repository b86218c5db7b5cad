import { messageOf } from '../base/error.ts';
import { type Client, sqlState } from '../base/postgres.ts';
import { databaseTarget } from '../operation/target.ts';
import { rowSecurity } from '../platform/rights.ts';
import type { KeyContext } from './context.ts';

/** Works in a session of the login that reads. */
export function withReader<T>(
  context: Pick<KeyContext, 'openReader'>,
  work: (db: Client) => Promise<T>,
): Promise<T> {
  return inSession(context.openReader(), work);
}

/** Works in a session of the login that applies plans. */
export function withWriter<T>(
  context: Pick<KeyContext, 'openWriter'>,
  work: (db: Client) => Promise<T>,
): Promise<T> {
  return inSession(context.openWriter(), work);
}

/** The target of a plan on keys: the database that the login that applies it leads to. */
export const writerTarget = (context: Pick<KeyContext, 'openWriter'>) => withWriter(context, databaseTarget);

async function inSession<T>(opening: Promise<Client>, work: (db: Client) => Promise<T>): Promise<T> {
  const db = await opening;
  try {
    return await work(db);
  } catch (error) {
    throw isRowSecurity(error) ? rowSecurity(messageOf(error), undefined, error) : error;
  } finally {
    await db.end().catch(() => {});
  }
}

/** postern's sessions have `row_security = off`: a policy that would hide rows is an error of the statement. */
const isRowSecurity = (error: unknown): boolean =>
  sqlState(error) === '42501' && /row.level security/i.test(messageOf(error));
