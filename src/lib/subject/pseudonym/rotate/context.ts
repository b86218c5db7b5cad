import type { Client } from '../../../base/postgres.ts';
import type { OperationContext } from '../../../operation/context.ts';
import type { DataMap } from '../../../platform/map/index.ts';
import type { PseudonymKey } from '../pseudonym.ts';

/** What a rotation of pseudonyms works with. */
export interface PseudonymContext extends OperationContext {
  /** Where plans change the platform's database; the caller ends it. */
  openWriter(): Promise<Client>;
  map(): Promise<DataMap>;
  /** The newest key, which the others are replaced by. @throws {PosternError} exit 2 where none is configured */
  newestKey(): Promise<PseudonymKey>;
}

/** Works in a session of the login that applies plans. */
export async function withWriter<T>(
  context: Pick<PseudonymContext, 'openWriter'>,
  work: (db: Client) => Promise<T>,
): Promise<T> {
  const db = await context.openWriter();
  try {
    return await work(db);
  } finally {
    await db.end().catch(() => {});
  }
}
