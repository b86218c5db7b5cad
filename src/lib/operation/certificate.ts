import { z } from 'zod';
import { integrityError } from '../base/error.ts';
import { canonicalJson, type JsonObject } from '../crypto/canonical-json.ts';
import { type DsseEnvelope, type DsseSigner, signEnvelope, verifyEnvelope } from '../crypto/dsse.ts';
import { sha256Hex } from '../crypto/sha256.ts';
import type { CertificateSubject } from './plan-kind.ts';

/** The media type of what a certificate's envelope holds (in-toto attestation framework, v1). */
const certificatePayloadType = 'application/vnd.in-toto+json';
const statementType = 'https://in-toto.io/Statement/v1';

/** What a certificate says. */
export interface Statement {
  readonly subject: readonly CertificateSubject[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/** A signed statement: who holds the signer's public key can check it without postern and without a network. */
export interface Certificate {
  /** SHA-256 of the payload's bytes, lowercase hex. */
  readonly id: string;
  readonly statement: Statement;
  readonly envelope: DsseEnvelope;
}

const statementSchema = z.object({
  _type: z.literal(statementType),
  subject: z
    .array(z.object({ name: z.string(), digest: z.record(z.string(), z.string().regex(/^[0-9a-f]+$/)) }))
    .min(1),
  predicateType: z.string().min(1),
  predicate: z.record(z.string(), z.json()),
});

/** Signs a statement as canonical JSON. */
export async function signCertificate(statement: Statement, signer: DsseSigner): Promise<Certificate> {
  const { subject, predicateType, predicate } = statement;
  const text = canonicalJson({
    _type: statementType,
    subject: subject.map(({ name, digest }) => ({ name, digest: { ...digest } })),
    predicateType,
    predicate,
  });
  const payload = Buffer.from(text);
  const envelope = await signEnvelope({ payloadType: certificatePayloadType, payload, signers: [signer] });
  return { id: sha256Hex(payload), statement, envelope };
}

/** Reads an envelope's text, believing nothing of it yet. @throws {PosternError} exit 5 `certificate-malformed` */
function readEnvelope(text: string): DsseEnvelope {
  try {
    return JSON.parse(text) as DsseEnvelope;
  } catch (cause) {
    throw malformed('it is not JSON', cause);
  }
}

/** What an envelope claims, without asking who signed it. @throws {PosternError} exit 5 `certificate-malformed` */
export function readCertificate(text: string): Certificate {
  const envelope = readEnvelope(text);
  if (typeof envelope !== 'object' || envelope === null || typeof envelope.payload !== 'string') {
    throw malformed('it is not a DSSE envelope');
  }
  const payload = Buffer.from(envelope.payload, 'base64');
  return { id: sha256Hex(payload), statement: readStatement(envelope.payloadType, payload), envelope };
}

/** A certificate whose signature holds. */
export interface VerifiedCertificate extends Certificate {
  /** `keyIdOf` the trusted keys that signed it. */
  readonly keyIds: readonly string[];
}

/**
 * Checks an envelope's signature and form; needs neither database nor network.
 * @param trustedPem public keys (Ed25519 or P-256) whose certificates are believed
 * @throws {PosternError} exit 5 `signature-invalid`, `signer-unknown`, `envelope-malformed`, `certificate-malformed`
 */
export function verifyCertificate(text: string, trustedPem: readonly string[]): VerifiedCertificate {
  const envelope = readEnvelope(text);
  const { payloadType, payload, keyIds } = verifyEnvelope(envelope, trustedPem);
  return { id: sha256Hex(payload), statement: readStatement(payloadType, payload), envelope, keyIds };
}

function readStatement(payloadType: string, payload: Uint8Array): Statement {
  if (payloadType !== certificatePayloadType) throw malformed(`it holds ${JSON.stringify(payloadType)}`);
  try {
    const { subject, predicateType, predicate } = statementSchema.parse(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)),
    );
    return { subject, predicateType, predicate };
  } catch (cause) {
    throw malformed('its payload is not an in-toto statement', cause);
  }
}

function malformed(why: string, cause?: unknown): Error {
  return integrityError(`this is not a certificate: ${why}`, { code: 'certificate-malformed', cause });
}
