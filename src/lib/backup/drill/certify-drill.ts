import { signCertificate } from '../../operation/certificate.ts';
import { storeCertificate } from '../../operation/certificate-store.ts';
import type { DrillContext } from './context.ts';
import type { BackupDrillResult } from './results.ts';

/** Signs and stores what a drill has found. @returns the certificate's id; null where nobody is configured to sign */
export async function certifyDrill(
  context: DrillContext,
  drill: Omit<BackupDrillResult, 'certificateId' | 'kept'>,
): Promise<string | null> {
  const signer = await context.certificateSigner();
  if (signer === undefined) {
    context.progress.warn('no certificate: the profile names no signer under certificates');
    return null;
  }
  const { setId, manifestSha256 } = drill;
  const predicate = { ...drill, profile: context.profile, tool: context.tool, actor: { ...context.actor } };
  const certificate = await signCertificate(
    {
      subject: [{ name: `backup set ${setId}`, digest: { sha256: manifestSha256 } }],
      predicateType: 'urn:postern:predicate:backup-drill:v1',
      predicate,
    },
    signer,
  );
  await storeCertificate(await context.state(), certificate);
  return certificate.id;
}
