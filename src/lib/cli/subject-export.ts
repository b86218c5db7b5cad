import { audited } from '../audit/audited.ts';
import type { ExportContext, ExportedPerson, ExportOptions } from '../subject/export/index.ts';
import type { SubjectExportResult } from '../subject/export/results.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';
import { manifestSigner } from './signed-archives.ts';

export interface AuditedExport {
  readonly options: ExportOptions;
  readonly request: { readonly number: number; readonly reference: string } | undefined;
  readonly tool: string;
}

/** Exports between an intent and an outcome on the audit log, where the person is counts. */
export async function runExport(
  context: PosternContext,
  { options, request, tool }: AuditedExport,
): Promise<SubjectExportResult> {
  const { exportPerson } = await import('../subject/export/index.ts');
  const { keyMap, withPlatform } = await import('./key-census.ts');
  const map = await keyMap(context);
  const operation = await operationContext(context);
  const signer = manifestSigner(context, 'urn:postern:predicate:subject-export:v1');
  const action = {
    action: 'subject.export',
    ...(request === undefined ? {} : { target: request.reference }),
    detail: {
      set: options.set,
      encrypted: options.sealedFor !== undefined,
      request: request?.number ?? null,
      decisions: options.decisions.size,
      disclosesBcc: options.discloseBcc !== undefined,
    },
  };
  return audited(operation, action, async (run) => {
    const { exportKeys } = await import('./subject-export-keys.ts');
    const keys = exportKeys(context);
    const step = context.progress.step('export', { unit: 'rows' });
    const write = () =>
      withPlatform(context, (db) =>
        exportPerson(
          {
            db,
            map,
            tool,
            at: context.clock.now(),
            signal: context.signal,
            openBucket: bucketStores(context),
            dataKeyOf: keys.dataKeyOf,
            sign: (sha256, { part, ...about }) =>
              signer.sign(sha256, part, { export: about.exportId, set: about.set }),
            onTable: (table) => context.progress.detail(table),
            onRow: () => step.advance(1),
            onWritten: () => context.progress.detail('reading it back'),
          },
          options,
        ),
      );
    let exported: ExportedPerson;
    try {
      exported = await write();
    } catch (error) {
      step.fail('nothing was written');
      throw error;
    } finally {
      await keys.close();
    }
    step.done();
    const result = {
      ...resultOf(exported, { options, request }),
      ...signer.told(exported.archives, options.sealedFor),
    };
    run.note({
      export: exported.exportId,
      names: exported.names,
      rows: result.tables.reduce((sum, { rows }) => sum + rows, 0),
      masked: result.masked.reduce((sum, { count }) => sum + count, 0),
      missing: result.missing.reduce((sum, { count }) => sum + count, 0),
      archives: result.archives.map(({ bytes, sha256 }) => ({ bytes, sha256 })),
    });
    return result;
  });
}

/** Where the objects of a bucket of the map are: as for subjects, else as for backups. */
export function bucketStores(context: PosternContext): ExportContext['openBucket'] {
  const { subjects, backup } = context.config.profile;
  const buckets = { ...backup?.objects?.buckets, ...subjects?.buckets };
  return async (name) => {
    const settings = buckets[name];
    if (settings === undefined) return undefined;
    return { store: await context.store(settings.store), prefix: settings.prefix ?? '' };
  };
}

function resultOf(
  { exportId, summary, review }: ExportedPerson,
  { options, request }: Pick<AuditedExport, 'options' | 'request'>,
): Omit<SubjectExportResult, 'archives' | 'encryptedFor'> {
  const { tenant = null, set, reviewPath, decisions } = options;
  const { missing, masked, disclosed } = summary;
  return {
    verdict: missing.length > 0 ? 'incomplete' : review.open > 0 ? 'review' : 'complete',
    set,
    exportId,
    tenant,
    request: request?.number ?? null,
    tables: summary.tables.map(({ facts, exported: { rows, messages, objects } }) => ({
      table: facts.table,
      class: facts.whose === 'shared' ? 'shared' : 'own',
      rows,
      messages,
      objects,
    })),
    mentions: summary.mentions.map(({ mention: { table, rows } }) => ({ table, rows })),
    masked: [...masked],
    disclosed,
    review: {
      open: review.open,
      file: review.open > 0 ? reviewPath : null,
      unused: decisions.size - review.used,
    },
    missing: [...missing],
  };
}
