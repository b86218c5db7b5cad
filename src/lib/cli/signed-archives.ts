import type { JsonObject } from '../crypto/canonical-json.ts';
import type { ExportedPerson, SealedFor } from '../subject/export/index.ts';
import type { SubjectExportResult } from '../subject/export/results.ts';
import type { PosternContext } from './context.ts';

type Archives = Pick<SubjectExportResult, 'archives' | 'encryptedFor'>;

/** Signs the manifests of archives, and keeps the certificates in the state database. */
export interface ManifestSigner {
  /** @returns the envelope's text; undefined where nobody is configured to sign */
  sign(manifestSha256: string, part: number, predicate: JsonObject): Promise<string | undefined>;
  /** What is told of the archives once they are written. */
  told(archives: ExportedPerson['archives'], sealedFor: SealedFor): Archives;
}

export function manifestSigner(context: PosternContext, predicateType: string): ManifestSigner {
  const certificates = new Map<number, string>();
  return {
    async sign(manifestSha256, part, predicate) {
      const { certificateSigner } = await import('./operation-context.ts');
      const by = await certificateSigner(context);
      if (by === undefined) return undefined;
      const { signCertificate } = await import('../operation/certificate.ts');
      const { storeCertificate } = await import('../operation/certificate-store.ts');
      const certificate = await signCertificate(
        {
          subject: [{ name: 'manifest.json', digest: { sha256: manifestSha256 } }],
          predicateType,
          predicate: { ...predicate, part, profile: context.profile },
        },
        by,
      );
      await storeCertificate(await context.state(), certificate);
      certificates.set(part, certificate.id);
      return `${JSON.stringify(certificate.envelope, undefined, 2)}\n`;
    },
    told: (archives, sealedFor) => ({
      archives: archives.map((archive, index) => ({
        ...archive,
        certificateId: certificates.get(index + 1) ?? null,
      })),
      encryptedFor:
        sealedFor === undefined
          ? null
          : 'recipient' in sealedFor
            ? sealedFor.recipient.fingerprint
            : 'passphrase',
    }),
  };
}
