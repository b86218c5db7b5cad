import { audited } from '../../audit/audited.ts';
import { PosternError, usageError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import { withDatabase } from '../../base/postgres.ts';
import { recordCheck } from '../check-record.ts';
import type { Manifest } from '../format/manifest.ts';
import { openSignedSet, readManifest, unlock } from '../read-set.ts';
import { onServer } from '../restore/closed-database.ts';
import type { RestoreContext } from '../restore/context.ts';
import { keyringProblem } from '../restore/keyring-text.ts';
import { certifyDrill } from './certify-drill.ts';
import type { DrillContext, DrillOptions, DrillServer, SmokeQuery } from './context.ts';
import { drillSource, type RestoredSource } from './drill-source.ts';
import type { BackupDrillResult, SmokeResult } from './results.ts';
import { cleanUpScratch } from './scratch-cleanup.ts';
import { dropScratch, keepScratch, type ScratchDatabase } from './scratch-database.ts';
import { runSmokeQueries } from './smoke.ts';
import { stopwatch } from './stopwatch.ts';

/**
 * Restores a set into scratch databases by the steps of a restore, compares every table with the manifest, repeats
 * erasures, asks the smoke queries, measures how long all took, and signs what it found. Nothing of the platform is
 * touched; what was made for the drill is gone afterwards.
 * @throws {PosternError} exit 5 when the set or the restored database is not what it must be; exit 6 where the server
 * cannot take it, or an erasure cannot be repeated; exit 2 `source-unknown`, `smoke-source-unknown`
 */
export async function runDrill(context: DrillContext, options: DrillOptions): Promise<BackupDrillResult> {
  const { setId } = options;
  const startedAt = context.clock.now();
  const { destination } = context.sets;
  const action = { action: 'backup.drill', target: setId, detail: { destination } };
  return audited(context, action, async (run) => {
    try {
      const result = await drill(context, options, startedAt);
      run.note({
        verdict: result.verdict,
        certificateId: result.certificateId,
        rtoSeconds: result.rtoSeconds,
      });
      await recordDrill(context, startedAt, result);
      return result;
    } catch (error) {
      const isDamaged = error instanceof PosternError && error.exitCode === ExitCode.integrity;
      await recordCheck(await context.state(), context.progress, {
        profile: context.profile,
        setId,
        destination,
        kind: 'drill',
        outcome: isDamaged ? 'failed' : 'incomplete',
        startedAt,
        findings: isDamaged ? 1 : 0,
        detail: { reason: error instanceof PosternError ? (error.code ?? '') : 'interrupted' },
      });
      throw error;
    }
  });
}

async function drill(
  context: DrillContext,
  options: DrillOptions,
  startedAt: Date,
): Promise<BackupDrillResult> {
  const { setId } = options;
  const watch = stopwatch();
  const { manifest, sha256, sources } = await chooseSources(context, options);
  const server = await watch.phase('server', null, () =>
    options.startServer({ major: majorOf(manifest, sources) }),
  );
  const scratch: ScratchDatabase[] = [];
  const restore: RestoreContext = { ...context, serverUrl: server.url };
  const kept: string[] = [];
  let isDone = false;
  try {
    await cleanUpScratch(server.url, 'not');
    const restored: RestoredSource[] = [];
    const began = watch.seconds();
    for (const name of sources)
      restored.push(
        await drillSource(restore, setId, name, { watch, onScratch: (database) => scratch.push(database) }),
      );
    const rtoSeconds = watch.seconds() - began;
    const smoke: SmokeResult[] = [];
    for (const { work } of restored)
      smoke.push(
        ...(await watch.phase('smoke', work.source.name, () =>
          runSmokeQueries(restore, work, options.smoke),
        )),
      );
    for (const { work } of restored)
      await options.onRestored?.(work.source.name, withDatabase(server.url, work.workingName));
    const findings = [...keyringFindings(context, restored), ...findingsOf(rtoSeconds, options.rto, smoke)];
    const found = {
      setId,
      destination: context.sets.destination,
      location: `${context.sets.store.location}/${context.sets.prefix}${setId}`,
      manifestSha256: sha256,
      startedAt: startedAt.toISOString(),
      verdict: findings.length === 0 ? ('passed' as const) : ('findings' as const),
      findings,
      server: { kind: server.kind, version: await versionOf(restore) },
      rtoSeconds,
      rtoLimitSeconds: options.rto === undefined ? null : options.rto / 1000,
      rpoSeconds: (startedAt.getTime() - new Date(manifest.startedAt).getTime()) / 1000,
      sources: restored.map(({ result }) => result),
      smoke,
      phases: [...watch.phases()],
    };
    const certificateId = await certifyDrill(context, found);
    isDone = true;
    if (options.whenDone === 'keep') {
      for (const database of scratch) kept.push(await keepScratch(restore, database));
      kept.push(...(await server.keep()));
    }
    return { ...found, certificateId, kept };
  } finally {
    if (!(isDone && options.whenDone === 'keep')) await tidy(restore, server, scratch);
  }
}

/** On an embedded server everything goes with the server; on a given one, exactly what was made. */
async function tidy(
  context: RestoreContext,
  server: DrillServer,
  scratch: readonly ScratchDatabase[],
): Promise<void> {
  try {
    if (server.kind === 'given') await dropScratch(context, scratch);
    else await Promise.all(scratch.map(({ holder }) => holder.end().catch(() => {})));
  } finally {
    await server.close();
  }
}

async function chooseSources(
  context: DrillContext,
  { setId, sources: asked, smoke }: DrillOptions,
): Promise<{ readonly manifest: Manifest; readonly sha256: string; readonly sources: readonly string[] }> {
  const set = await openSignedSet(context.sets, setId);
  const { manifest, sha256 } = await readManifest(context.sets, set, await unlock(context.secretKeys));
  const known = manifest.sources.map(({ name }) => name);
  requireKnown(asked ?? [], known, setId);
  requireSmokeSources(smoke, known, setId);
  return { manifest, sha256, sources: asked ?? known };
}

function requireKnown(asked: readonly string[], known: readonly string[], setId: string): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw usageError(`the set ${setId} holds no database ${unknown}`, {
    code: 'source-unknown',
    hints: [`it holds: ${known.join(', ')}`],
  });
}

/** A query that is never asked would look like one that passed. */
function requireSmokeSources(smoke: readonly SmokeQuery[], known: readonly string[], setId: string): void {
  const lost = smoke.find(({ source }) => !known.includes(source));
  if (lost === undefined) return;
  throw usageError(
    `the smoke query ${lost.name} asks ${lost.source}, which is no database of the set ${setId}`,
    {
      code: 'smoke-source-unknown',
      hints: [`it holds: ${known.join(', ')}`],
    },
  );
}

/** The newest of the databases that are drilled. */
function majorOf({ sources }: Manifest, names: readonly string[]): number {
  const versions = sources
    .filter(({ name }) => names.includes(name))
    .map(({ serverVersionNum }) => Math.floor(serverVersionNum / 10_000));
  return Math.max(...versions);
}

/** A drill that reads every row, and nothing of what is in them, has not passed. */
function keyringFindings({ sets }: DrillContext, restored: readonly RestoredSource[]): readonly string[] {
  return restored.flatMap(
    ({ result: { name, keyring } }) =>
      keyringProblem(keyring, { source: name, destination: sets.destination }) ?? [],
  );
}

function findingsOf(rtoSeconds: number, limit: number | undefined, smoke: readonly SmokeResult[]): string[] {
  return [
    ...(limit !== undefined && rtoSeconds * 1000 > limit
      ? [`the restore took ${rtoSeconds.toFixed(1)} s, and ${limit / 1000} s are allowed`]
      : []),
    ...smoke
      .filter(({ passed }) => !passed)
      .map(({ name, source, reason }) => `the smoke query ${name} of ${source} did not pass: ${reason}`),
  ];
}

async function recordDrill(context: DrillContext, startedAt: Date, result: BackupDrillResult): Promise<void> {
  const { setId, destination, findings, certificateId, rtoSeconds, rpoSeconds, verdict } = result;
  await recordCheck(await context.state(), context.progress, {
    profile: context.profile,
    setId,
    destination,
    kind: 'drill',
    outcome: verdict === 'passed' ? 'passed' : 'failed',
    startedAt,
    findings: findings.length,
    ...(certificateId === null ? {} : { certificateId }),
    detail: { rtoSeconds, rpoSeconds, sources: result.sources.map(({ name }) => name) },
  });
}

async function versionOf(context: RestoreContext): Promise<string> {
  return onServer(context, async (client) => {
    const { rows } = await client.query<{ version: string }>(
      `select pg_catalog.current_setting('server_version') as version`,
    );
    return rows[0]?.version ?? 'unknown';
  });
}
