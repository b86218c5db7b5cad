import { formatByteSize } from '../../base/byte-size.ts';
import { PosternError } from '../../base/error.ts';
import { withConnection } from '../../base/postgres.ts';
import type { PosternContext } from '../context.ts';
import { certificateSigner, trustedCertificateKeys } from '../operation-context.ts';
import { absent, type Finding, finding, ok } from './check.ts';

export async function checkBackupKeys(context: PosternContext): Promise<Finding> {
  context.settings('backup');
  const { backupKeys } = await import('../backup-context.ts');
  const { endingKeys, endingKeyText } = await import('../../backup/keys/ending-keys.ts');
  const { recipients, signer } = await backupKeys(context);
  const [ending] = await endingKeys({ recipients, signer }, context.clock.now());
  if (ending !== undefined) {
    return finding(endingKeyText(ending), 'extend it, or name its successor, before the backups stop');
  }
  const short = recipients.map(({ fingerprint }) => fingerprint.slice(-16)).join(', ');
  const wrapped = await tryWrappingKey(context);
  return ok(`${recipients.length} recipients (${short}), signer ${signer.fingerprint.slice(-16)}${wrapped}`);
}

/** Wraps a probe as a run does: that needs no right but the one to encrypt. Errors as `Kms.encrypt`. */
async function tryWrappingKey(context: PosternContext): Promise<string> {
  const { wrappingKey } = await import('../backup-context.ts');
  const wrapping = await wrappingKey(context);
  if (wrapping === undefined) return '';
  const { kms, keyId } = wrapping;
  await kms.encrypt(keyId, Buffer.from('postern'), { setId: 'doctor', profile: context.profile });
  return `, ${keyId} at ${kms.location} wraps`;
}

/** Does what a run does before its first byte, the privileges on every table and large object included. */
export async function checkBackup(context: PosternContext): Promise<Finding> {
  context.settings('backup');
  context.settings('platform');
  const { backupContext } = await import('../backup-context.ts');
  const { previewBackup } = await import('../../backup/preview.ts');
  try {
    const { sources, destinations } = await previewBackup(await backupContext(context, ''));
    const unusable = destinations.find(({ problem }) => problem !== null);
    if (unusable !== undefined)
      return finding(
        `nothing would be stored at ${unusable.name}: ${unusable.problem ?? ''}`,
        'mend the destination, or mount its disk; `postern backup run --help` has a flag for a new one',
      );
    const each = sources.map(
      ({ name, tables, bytes, copies }) =>
        `${name}: ${tables} tables, about ${formatByteSize(bytes)}, in ${copies} copies`,
    );
    return ok(`would copy ${each.join('; ')}`);
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'privilege-missing') throw error;
    return finding(error.message, error.hints[0] ?? 'grant what is missing');
  }
}

export async function checkCertificates(context: PosternContext): Promise<Finding> {
  const signer = await certificateSigner(context);
  if (signer === undefined) return absent('no signer is configured, so plans end without a certificate');
  const trusted = await trustedCertificateKeys(context);
  return ok(`signed by ${signer.keyId.slice(0, 16)}, ${trusted.length} trusted keys`);
}

export async function checkSchemaDumper(context: PosternContext): Promise<Finding> {
  const { chooseSchemaDumper } = await import('../../backup/schema-dump/index.ts');
  const serverVersion = await withConnection(
    { url: await context.platformUrl(), role: 'platform database', purpose: 'doctor', database: 'foreign' },
    async (client) => {
      const { rows } = await client.query<{ version: number }>(
        `select pg_catalog.current_setting('server_version_num')::int as version`,
      );
      return rows[0]?.version ?? 0;
    },
  );
  const named = context.config.profile.backup?.pg_dump;
  const dumper = await chooseSchemaDumper({
    serverVersion,
    ...(named === undefined ? {} : { nativePath: context.path('backup', named) }),
  });
  return ok(dumper.kind === 'native' ? `${dumper.version} at ${dumper.path}` : `${dumper.version}, built in`);
}
