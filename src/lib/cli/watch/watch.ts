import { type Clock, systemClock } from '../../base/clock.ts';
import { messageOf, PosternError } from '../../base/error.ts';
import { exitCodeMeaning } from '../../base/exit-code.ts';
import { fileProblem } from '../../base/file-problem.ts';
import { resolveSecret, secretReference } from '../../config/secret.ts';
import { type Gauge, recordJobRun } from '../../report/prometheus/job-run.ts';
import { isReadableOnTheWay, type PingOptions, parsePingUrl, ping } from './ping.ts';
import type { WatchSettings } from './watch-settings.ts';

export interface WatchOptions extends PingOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/** How a run ended, as far as it got. */
export interface RunEnd {
  readonly exitCode: number;
  readonly profile: string | undefined;
}

/** Those who are told of a run. Nothing here throws: that nobody hears of a backup must not stop it. */
export interface Watch {
  /** A number that goes along into the textfile. */
  add(gauge: Gauge): void;
  /**
   * Tells everybody; SIGINT and SIGTERM end the pings early and leave the exit code alone.
   * @returns what did not work, in a sentence each
   */
  end(run: RunEnd): Promise<readonly string[]>;
}

/** Tells that a run has started, while it goes on. */
export function beginWatch(settings: WatchSettings, options: WatchOptions): Watch {
  const { clock = systemClock } = options;
  const startedAt = clock.now();
  const warnings = new Set<string>();
  const gauges: Gauge[] = [];
  const stop = new AbortController();
  const url = pingTarget(settings, options, warnings);
  const tell = async (event: 'start' | number, body: string): Promise<void> => {
    const target = await url;
    if (target === undefined) return;
    const why = await ping(target, event, body, { ...options, signal: stop.signal });
    if (why !== undefined) warnings.add(`the ping to ${target.host} did not get through: ${why}`);
  };
  const started = tell('start', describe(settings.job, settings.profile));
  return {
    add: (gauge) => void gauges.push(gauge),
    end: async ({ exitCode, profile = settings.profile }) => {
      const endedAt = clock.now();
      const onSignal = (): void => stop.abort();
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
      try {
        const { job, prometheus } = settings;
        if (prometheus !== undefined) {
          const run = { job, profile, exitCode, startedAt, endedAt, gauges };
          await recordJobRun(prometheus, run).catch((error: unknown) =>
            warnings.add(`the metrics are not written to ${prometheus}: ${explain(error)}`),
          );
          if (!prometheus.endsWith('.prom'))
            warnings.add(`node_exporter reads *.prom only, not ${prometheus}`);
        }
        await started;
        await tell(exitCode, describe(job, profile, { exitCode, startedAt, endedAt }));
      } finally {
        process.off('SIGINT', onSignal);
        process.off('SIGTERM', onSignal);
      }
      return [...warnings];
    },
  };
}

async function pingTarget(
  { pingUrl, job, isPingUrlOnCommandLine }: WatchSettings,
  { env }: WatchOptions,
  warnings: Set<string>,
): Promise<URL | undefined> {
  if (pingUrl === undefined) return undefined;
  const isReference = secretReference.test(pingUrl);
  if (isPingUrlOnCommandLine && !isReference)
    warnings.add('a ping URL on the command line is read by every user of this host: use ${file:PATH}');
  try {
    const name = isPingUrlOnCommandLine ? '--ping-url' : 'POSTERN_PING_URL';
    const text = isReference ? await resolveSecret(pingUrl, name, { folder: '.', env }) : pingUrl;
    const url = parsePingUrl(text.replaceAll('{job}', encodeURIComponent(job)));
    if (isReadableOnTheWay(url))
      warnings.add(`the ping URL's token goes to ${url.host} in clear text: use https`);
    return url;
  } catch (error) {
    warnings.add(`nobody is pinged: ${messageOf(error)}`);
    return undefined;
  }
}

/** A few lines without anything that a run has seen: an error's text may quote data. */
function describe(
  job: string,
  profile: string | undefined,
  end?: { readonly exitCode: number; readonly startedAt: Date; readonly endedAt: Date },
): string {
  const lines = [`job: ${job}`, `profile: ${profile ?? 'unknown'}`];
  if (end !== undefined) {
    const { exitCode, startedAt, endedAt } = end;
    const meaning = (exitCodeMeaning as Readonly<Record<number, string>>)[exitCode] ?? 'unknown';
    lines.push(`exit code: ${exitCode} (${meaning})`);
    lines.push(`seconds: ${((endedAt.getTime() - startedAt.getTime()) / 1000).toFixed(1)}`);
  }
  return `${lines.join('\n')}\n`;
}

function explain(error: unknown): string {
  return error instanceof PosternError ? error.message : fileProblem(error);
}
