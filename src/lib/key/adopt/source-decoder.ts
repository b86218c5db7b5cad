import { openPgcryptoMessage } from '../../crypto/pgcrypto-message.ts';
import type { AdoptedColumn } from './adopted-column.ts';
import type { AdoptContext } from './context.ts';

/** The value in clear, which is the source itself where nothing is to be opened; or a code that says why there is none. */
export type SourceDecoder = (source: Uint8Array) => Promise<Uint8Array | { readonly problem: string }>;

/** How the values of a column's source are read. @throws {PosternError} exit 2 where a passphrase is missing */
export async function sourceDecoder(
  context: AdoptContext,
  { source, target }: AdoptedColumn,
): Promise<SourceDecoder> {
  if (source?.format !== 'pgcrypto') return (bytes) => Promise.resolve(bytes);
  const passphrase = await context.pgcryptoPassphrase(`${target.table}.${source.column}`);
  return (bytes) => openPgcryptoMessage(bytes, passphrase);
}
