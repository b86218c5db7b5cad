import { integrityError } from '../../base/error.ts';
import { openMessage } from '../../crypto/openpgp-container.ts';
import type { SecretKey } from '../../crypto/openpgp-secret-key.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { ScriptKind } from '../format/layout.ts';
import type { Manifest, ManifestFile, ManifestSource } from '../format/manifest.ts';
import { openSignedSet, readManifest, readSignedFile, type SignedSet, unlock, unpack } from '../read-set.ts';
import { sourceIn } from '../source-in.ts';
import type { RestoreContext } from './context.ts';
import { restoreInputs } from './plan-restore.ts';

/** A set, opened for the steps of one plan, and the database of it that is restored. */
export interface OpenedSet {
  readonly set: SignedSet;
  readonly manifest: Manifest;
  readonly source: ManifestSource;
  /** The database's own files. */
  readonly files: readonly ManifestFile[];
  readonly keys: readonly SecretKey[];
}

/** The set that was planned, and no other: its manifest must have the planned hash. @throws {PosternError} exit 5 */
export async function openPlannedSet(context: RestoreContext, plan: Plan): Promise<OpenedSet> {
  const { setId, manifestSha256, source: name } = planInputs(plan, restoreInputs);
  const set = await openSignedSet(context.sets, setId);
  const keys = await unlock(context.secretKeys);
  const { manifest, sha256 } = await readManifest(context.sets, set, keys);
  if (sha256 === manifestSha256) return { set, manifest, ...sourceIn(manifest, name), keys };
  throw integrityError(`the set ${setId} is not the one that was planned`, {
    code: 'set-replaced',
    hints: ['somebody has replaced it since: find out who'],
  });
}

/** The one script of this kind. */
export async function readScript(
  context: RestoreContext,
  opened: OpenedSet,
  kind: ScriptKind,
): Promise<Buffer> {
  const file = opened.files.find((candidate) => candidate.kind === kind);
  if (file === undefined)
    throw integrityError(`the set has no script ${kind} for ${opened.source.name}`, {
      code: 'set-inconsistent',
    });
  return readScriptFile(context, opened, file);
}

/** Opens a script of the set. @throws {PosternError} exit 5 */
export async function readScriptFile(
  context: RestoreContext,
  { set, keys }: OpenedSet,
  { name, plainSize }: ManifestFile,
): Promise<Buffer> {
  const text = unpack(await openMessage(await readSignedFile(context.sets, set, name), keys));
  if (plainSize === text.byteLength) return text;
  throw integrityError(`${name} is not what the manifest says`, { code: 'set-inconsistent' });
}
