import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { refused, usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import type { ExportOptions, SealedFor } from '../subject/export/index.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';
import { newPassphrase } from './passphrase.ts';
import type { Asking } from './prompt.ts';
import { sizeFlag } from './size-flag.ts';
import type { AuditedExport } from './subject-export.ts';

/** The command line, as it was parsed. */
export interface ExportFlags {
  readonly access?: boolean;
  readonly out: string;
  readonly recipient?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly 'no-passphrase': boolean;
  readonly tenant?: string | undefined;
  readonly 'one-person'?: boolean;
  readonly shared?: readonly string[] | undefined;
  readonly split?: string | undefined;
  readonly mail: ExportOptions['mailForm'];
  readonly review?: string | undefined;
  readonly 'disclose-bcc'?: string | undefined;
  readonly request?: number | undefined;
  readonly who: () => Promise<readonly string[]>;
  readonly asking: Asking;
}

/** Smaller parts would hold little but their manifests. */
const smallestPart = 1 << 20;

/**
 * All that an export needs to know, checked before anything is done.
 * @throws {PosternError} exit 2; exit 6, as `answeredRequest`
 */
export async function exportOptions(
  context: PosternContext,
  flags: ExportFlags,
): Promise<Omit<AuditedExport, 'tool'>> {
  const set = flags.access === true ? 'access' : 'portability';
  const { readDecisions } = await import('../subject/export/index.ts');
  const decisions = flags.review === undefined ? new Map<string, never>() : await readDecisions(flags.review);
  const discloseBcc = flags['disclose-bcc']?.trim();
  if (discloseBcc === '') throw usageError('--disclose-bcc says why', { code: 'reason-missing' });
  const splitAt = flags.split === undefined ? undefined : sizeFlag('split', flags.split);
  if (splitAt !== undefined && splitAt < smallestPart)
    throw usageError('an archive is split at 1 MiB or more', { code: 'size-invalid' });
  const isSealed = !flags['no-passphrase'];
  const files = await exportFiles(flags.out, isSealed);
  const request = await answeredRequest(context, flags.request, { set, tenant: flags.tenant });
  const who = await flags.who();
  const seal = await sealedFor(
    { recipient: flags.recipient, passphraseFile: flags['passphrase-file'], inClear: !isSealed },
    flags.asking,
    context.clock.now(),
  );
  return {
    options: {
      ...files,
      who,
      set,
      tenant: request?.tenant ?? flags.tenant,
      onePerson: flags['one-person'],
      shared: flags.shared,
      decisions,
      sealedFor: seal,
      splitAt,
      mailForm: flags.mail,
      discloseBcc,
    },
    request:
      request === undefined || flags.request === undefined
        ? undefined
        : { number: flags.request, reference: request.reference },
  };
}

/** What of the command line says whom an archive is encrypted for. */
interface SealFlags {
  readonly recipient: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly inClear: boolean;
}

/**
 * @throws {PosternError} exit 2: `needs-answer`, a key that cannot be read or is no recipient, an empty passphrase
 */
async function sealedFor(flags: SealFlags, asking: Asking, now: Date): Promise<SealedFor> {
  if (flags.inClear) return undefined;
  if (flags.recipient !== undefined) {
    const { readRecipient } = await import('../crypto/openpgp-recipient.ts');
    const file = flags.recipient;
    const key = await readFile(file).catch((cause: unknown) => {
      throw usageError(`the key ${file} cannot be read: ${fileProblem(cause)}`, {
        code: 'file-unreadable',
        cause,
      });
    });
    return { recipient: await readRecipient(key, now) };
  }
  if (flags.passphraseFile === undefined && !asking.isInteractive) {
    throw usageError('nothing says whom the archive is encrypted for', {
      code: 'needs-answer',
      hints: [
        'give --recipient KEY.asc or --passphrase-file FILE, or say --no-passphrase to leave it in clear',
      ],
    });
  }
  const passphrase = await newPassphrase('passphrase of the archive', {
    file: flags.passphraseFile,
    none: false,
    asking,
  });
  return passphrase === undefined ? undefined : { passphrase };
}

type ExportFiles = Pick<ExportOptions, 'folder' | 'fileName' | 'reviewPath'>;

/**
 * How the files are called: `--out ann.zip` makes `ann.zip.gpg`, or `ann.zip` in clear; in a set, `ann.001.zip.gpg`.
 * @throws {PosternError} exit 2: `out-invalid`, `out-exists`
 */
async function exportFiles(out: string, isSealed: boolean): Promise<ExportFiles> {
  const [, base = ''] = /^(.+)\.zip(?:\.gpg|\.pgp)?$/i.exec(basename(out)) ?? [];
  const folder = resolve(dirname(out));
  if (base === '') {
    throw usageError(`--out ${JSON.stringify(out)} is not the name of a zip`, {
      code: 'out-invalid',
      hints: ['name it FILE.zip; encrypted, it becomes FILE.zip.gpg'],
    });
  }
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw usageError(`${folder} is no folder`, { code: 'out-invalid' });
  const fileName = (part: number | undefined): string =>
    `${base}${part === undefined ? '' : `.${String(part).padStart(3, '0')}`}.zip${isSealed ? '.gpg' : ''}`;
  const reviewPath = join(folder, `${base}.review.json`);
  const { outExists } = await import('../subject/export/index.ts');
  for (const path of [join(folder, fileName(undefined)), join(folder, fileName(1)), reviewPath]) {
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw outExists(path);
  }
  return { folder, fileName, reviewPath };
}

/** The request that an export answers. @throws {PosternError} exit 2, `request-unknown`, `request-other`; exit 6 */
async function answeredRequest(
  context: PosternContext,
  number: number | undefined,
  { set, tenant }: Pick<ExportOptions, 'set' | 'tenant'>,
): Promise<{ readonly reference: string; readonly tenant: string | undefined } | undefined> {
  if (number === undefined) return undefined;
  const { showRequest } = await import('../subject/request/index.ts');
  const operation = await operationContext(context);
  const request = await showRequest(await operation.state(), context.profile, number, context.clock.now());
  if (request.kind !== set) {
    throw usageError(`request ${number} is one of ${request.kind}, and this is an export for ${set}`, {
      code: 'request-other',
    });
  }
  if (request.closed !== null) {
    throw refused(`request ${number} was closed at ${request.closed.at}`, { code: 'request-closed' });
  }
  if (request.verified === null && request.instruction === null) {
    throw refused(`nobody has made sure who asks in request ${number}`, {
      code: 'requester-not-verified',
      hints: [`\`postern request verify ${number} --how TEXT\` records how that was done`],
    });
  }
  if (request.tenant !== null && tenant !== undefined && tenant !== request.tenant) {
    throw usageError(`request ${number} is about tenant ${request.tenant}`, { code: 'request-other' });
  }
  return { reference: request.reference, tenant: tenant ?? request.tenant ?? undefined };
}
