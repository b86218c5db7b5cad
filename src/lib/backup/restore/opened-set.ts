import { integrityError } from '../../base/error.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { ScriptKind } from '../format/layout.ts';
import type { ManifestFile } from '../format/manifest.ts';
import { openSignedSet, readManifest, readSignedFile, unlock, unpack } from '../read-set.ts';
import { sourceIn } from '../source-in.ts';
import type { RestoreContext } from './context.ts';
import { restoreInputs } from './plan-restore.ts';
import type { OpenedSet, RestoreWork } from './work.ts';

/** A database of a set, opened. @throws {PosternError} exit 2 `source-unknown`, exit 5 */
export async function openSource(
  context: RestoreContext,
  setId: string,
  sourceName: string,
): Promise<OpenedSet> {
  const set = await openSignedSet(context.sets, setId);
  const keys = await unlock(context.secretKeys);
  const { manifest, sha256, opener } = await readManifest(context.sets, set, keys);
  return { set, manifest, manifestSha256: sha256, ...sourceIn(manifest, sourceName), opener, keys };
}

/** What a plan restores. The set is the one that was planned, by its manifest's hash. @throws {PosternError} exit 5 */
export async function openPlannedWork(context: RestoreContext, plan: Plan): Promise<RestoreWork> {
  const { setId, manifestSha256, source, tables, keyring, lostKeyrings, erasures } = planInputs(
    plan,
    restoreInputs,
  );
  const opened = await openSource(context, setId, source);
  if (opened.manifestSha256 !== manifestSha256) {
    throw integrityError(`the set ${setId} is not the one that was planned`, {
      code: 'set-replaced',
      hints: ['somebody has replaced it since: find out who'],
    });
  }
  return {
    ...opened,
    workingName: plannedName(plan),
    chosen: tables === null ? undefined : new Set(tables),
    keyring,
    lostKeyrings,
    erasures,
  };
}

/** The working name of what a plan restores. */
export function plannedName(plan: Pick<Plan, 'id'>): string {
  return `postern_restore_${plan.id.slice(0, 16)}`;
}

/** The one script of this kind. */
export async function readScript(
  context: RestoreContext,
  opened: OpenedSet,
  kind: ScriptKind,
): Promise<Buffer> {
  return readScriptFile(context, opened, scriptFile(opened, kind));
}

/** @throws {PosternError} exit 5, `set-inconsistent` */
export function scriptFile({ files, source }: OpenedSet, kind: ScriptKind): ManifestFile {
  const file = files.find((candidate) => candidate.kind === kind);
  if (file !== undefined) return file;
  throw integrityError(`the set has no script ${kind} for ${source.name}`, { code: 'set-inconsistent' });
}

/** Opens a script of the set. @throws {PosternError} exit 5 */
export async function readScriptFile(
  context: RestoreContext,
  { set, opener }: OpenedSet,
  { name, plainSize }: ManifestFile,
): Promise<Buffer> {
  const text = unpack(await opener.open(name, await readSignedFile(context.sets, set, name)));
  if (plainSize === text.byteLength) return text;
  throw integrityError(`${name} is not what the manifest says`, { code: 'set-inconsistent' });
}
