import { audited } from '../audit/audited.ts';
import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { TenantReturn } from '../subject/offboard/results.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';
import type { Asking } from './prompt.ts';
import { manifestSigner } from './signed-archives.ts';
import { bucketStores } from './subject-export.ts';
import { type ExportFlags, exportOptions } from './subject-export-flags.ts';
import { sealedLine } from './subject-export-text.ts';

export interface ReturnFlags
  extends Pick<ExportFlags, 'recipient' | 'passphrase-file' | 'no-passphrase' | 'split'> {
  readonly out?: string | undefined;
  readonly asking: Asking;
  readonly tool: string;
}

/**
 * Hands out all that a tenant has, between an intent and an outcome on the audit log.
 * @throws {PosternError} exit 2, `out-missing`; as `exportOptions` and `returnTenant`
 */
export async function handOut(
  context: PosternContext,
  tenant: string,
  flags: ReturnFlags,
): Promise<TenantReturn> {
  const { out, tool } = flags;
  if (out === undefined) throw usageError('--return needs --out FILE.zip', { code: 'out-missing' });
  const { options } = await exportOptions(context, {
    ...flags,
    out,
    access: true,
    mail: 'both',
    who: () => Promise.resolve([]),
  });
  const { returnTenant } = await import('../subject/offboard/index.ts');
  const { keyMap, withPlatform } = await import('./key-census.ts');
  const { exportKeys } = await import('./subject-export-keys.ts');
  const map = await keyMap(context);
  const signer = manifestSigner(context, 'urn:postern:predicate:tenant-return:v1');
  const encrypted = options.sealedFor !== undefined;
  const action = { action: 'tenant.return', target: tenant, detail: { encrypted } };
  return audited(await operationContext(context), action, async (run) => {
    const keys = exportKeys(context);
    const step = context.progress.step('return', { unit: 'rows' });
    try {
      const returned = await withPlatform(context, (db) =>
        returnTenant(
          {
            db,
            map,
            tool,
            at: context.clock.now(),
            signal: context.signal,
            openBucket: bucketStores(context),
            dataKeyOf: keys.dataKeyOf,
            sign: (sha256, { exportId, part }) => signer.sign(sha256, part, { export: exportId, tenant }),
            onTable: (table) => context.progress.detail(table),
            onRow: () => step.advance(1),
            onWritten: () => context.progress.detail('reading it back'),
          },
          { ...options, tenant },
        ),
      );
      step.done();
      run.note({
        export: returned.exportId,
        rows: returned.tables.reduce((sum, { rows }) => sum + rows, 0),
        missing: returned.missing.reduce((sum, { count }) => sum + count, 0),
        archives: returned.archives.map(({ bytes, sha256 }) => ({ bytes, sha256 })),
      });
      return { ...returned, ...signer.told(returned.archives, options.sealedFor) };
    } catch (error) {
      step.fail('nothing was written');
      throw error;
    } finally {
      await keys.close();
    }
  });
}

/** What was handed out, in words. */
export function returnedLines({
  archives,
  tables,
  left,
  missing,
  encryptedFor,
}: TenantReturn): readonly string[] {
  const rows = tables.reduce((sum, one) => sum + one.rows, 0);
  return [
    ...archives.map(
      ({ file, files, sha256 }) => `${file}: ${counted(files, 'file')}, sha256 ${sha256.slice(0, 16)}`,
    ),
    `${counted(rows, 'row')} of ${counted(tables.length, 'table')}`,
    sealedLine(encryptedFor),
    ...left.map(({ table, why }) => `not in it: ${table}, ${why}`),
    ...missing.map(({ table, why, count }) => `missing: ${count} of ${table}, ${why}`),
  ];
}
