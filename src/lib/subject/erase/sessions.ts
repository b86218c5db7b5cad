import type { Client } from '../../base/postgres.ts';
import type { EraseContext } from './context.ts';

/** Works in a session of the login that applies plans. */
export async function withWriter<T>(
  context: Pick<EraseContext, 'openWriter'>,
  work: (db: Client) => Promise<T>,
): Promise<T> {
  const db = await context.openWriter();
  try {
    return await work(db);
  } finally {
    await db.end().catch(() => {});
  }
}
