// The contract of every command:
// - data goes to stdout, everything else to stderr;
// - `run` returns an object, which is the result under `--json`;
// - the process ends by itself with `process.exitCode`: `process.exit` would cut a pipe after 64 KiB;
// - whatever was thrown is sorted into "the person can act on it", "stopped", or "a bug", and printed once.
import { Command, Errors, type Interfaces } from '@oclif/core';
import type { z } from 'zod';
import { PosternError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Progress } from '../base/progress.ts';
import type { Gauge } from '../report/prometheus/job-run.ts';
import type { PosternContext } from './context.ts';
import { errorEnvelope, successEnvelope } from './envelope.ts';
import { globalFlags } from './flags.ts';
import { isParseError } from './parse-error.ts';
import type { Asking } from './prompt.ts';
import { redact } from './redact.ts';
import { explainError, formatError, type ReportedError, traceOf } from './report-error.ts';
import type { Column, TableFormat } from './table.ts';
import type { Watch } from './watch/watch.ts';

export type CommandFlags<T extends typeof Command> = Interfaces.InferredFlags<
  (typeof BaseCommand)['baseFlags'] & T['flags']
>;
export type CommandArgs<T extends typeof Command> = Interfaces.InferredArgs<T['args']>;

export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = globalFlags;
  /** The exit codes that this command can end with; printed at the end of its help. */
  static exitCodes: readonly ExitCode[] = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  /** The schema of the result, loaded only by the tests and by `npm run schemas`. */
  static result: () => Promise<z.ZodType>;

  protected flags!: CommandFlags<T>;
  protected args!: CommandArgs<T>;
  private readonly warnings: string[] = [];
  private readonly interruption = new AbortController();
  private readonly onSignal = (): void => this.interrupt();
  private opened: PosternContext | undefined;
  private watch: Watch | undefined;

  override async init(): Promise<void> {
    await super.init();
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
    await this.beginWatch();
    const { args, flags } = await this.parse({
      flags: this.ctor.flags,
      baseFlags: (super.ctor as typeof BaseCommand).baseFlags,
      enableJsonFlag: this.ctor.enableJsonFlag,
      args: this.ctor.args,
      strict: this.ctor.strict,
    });
    this.flags = flags as CommandFlags<T>;
    this.args = args as CommandArgs<T>;
  }

  /** What domain functions work with, made on first use: a command that needs no configuration reads none. */
  protected async context(): Promise<PosternContext> {
    if (this.opened === undefined) {
      const { openContext } = await import('./context.ts');
      this.opened = await openContext({
        configFile: this.flags.config,
        profile: this.flags.profile,
        progress: await this.progress(),
        signal: this.interruption.signal,
      });
    }
    return this.opened;
  }

  protected async progress(): Promise<Progress> {
    const { terminalProgress } = await import('./terminal-progress.ts');
    return terminalProgress({
      isInteractive: process.stderr.isTTY && !this.flags.quiet && !this.jsonEnabled(),
      isVerbose: this.flags.verbose,
      write: (line) => process.stderr.write(`${line}\n`),
      onWarning: (line) => this.addWarning(line),
    });
  }

  /** Aborted by Ctrl-C: long work stops at its next safe point. */
  protected get signal(): AbortSignal {
    return this.interruption.signal;
  }

  /** Whether and how a person can be asked. */
  protected asking(): Asking {
    const flags = this.flags as {
      readonly yes?: boolean;
      readonly confirm?: string;
      readonly 'no-input'?: boolean;
    };
    return {
      isInteractive:
        process.stdin.isTTY && process.stderr.isTTY && flags['no-input'] !== true && !this.jsonEnabled(),
      yes: flags.yes === true,
      confirm: flags.confirm,
      signal: this.signal,
    };
  }

  /** A line of the result for a person; nothing under `--json`. */
  protected print(text = ''): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** A line for a person that is not the result: stderr, silent with `--quiet` and `--json`. */
  protected say(text: string): void {
    if (!this.jsonEnabled() && !this.flags.quiet) process.stderr.write(`${text}\n`);
  }

  protected async printTable<Row>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
    whenEmpty: string,
  ): Promise<void> {
    if (this.jsonEnabled()) return;
    const { output = 'table' } = this.flags as { readonly output?: TableFormat };
    if (rows.length === 0 && output === 'table') return this.say(whenEmpty);
    const { renderTable } = await import('./table.ts');
    this.print(await renderTable(rows, columns, output));
  }

  protected addWarning(line: string): void {
    this.warnings.push(line);
    if (!this.jsonEnabled()) process.stderr.write(`postern: warning: ${line}\n`);
  }

  /** A number for monitoring; heard only where `--prometheus` asks for it. */
  protected gauge(gauge: Gauge): void {
    this.watch?.add(gauge);
  }

  /** Ends with this exit code after a result was printed: findings, incomplete, partial… */
  protected endWith(code: ExitCode): void {
    if (code !== ExitCode.done) process.exitCode = code;
  }

  override toSuccessJson(result: unknown): unknown {
    return { ...successEnvelope(this.commandName, result, this.warnings), ok: (process.exitCode ?? 0) === 0 };
  }

  override toErrorJson(error: unknown): unknown {
    return errorEnvelope(this.commandName, this.explain(error), this.warnings);
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
  }

  override async catch(error: unknown): Promise<void> {
    if (error instanceof Errors.ExitError) throw error;
    // What fails because it was stopped says nothing, unless it says how to go on.
    const isTold = error instanceof PosternError && error.exitCode === ExitCode.interrupted;
    const cause =
      this.interruption.signal.aborted && !isTold
        ? Object.assign(new Error('interrupted'), { name: 'AbortError' })
        : error;
    const reported = this.explain(cause);
    process.exitCode = reported.exitCode;
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(cause));
    else process.stderr.write(`${String(redact(formatError(reported)))}\n`);
    const trace = this.isVerbose ? traceOf(error) : undefined;
    if (trace !== undefined) process.stderr.write(`${String(redact(trace))}\n`);
  }

  override async finally(error?: Error): Promise<void> {
    await this.opened?.close();
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
    await this.endWatch(error);
  }

  /** Before the flags are parsed, so that a wrong one is told as well. */
  private async beginWatch(): Promise<void> {
    // oclif leaves it undefined for a command that declares no flags.
    const own: object | undefined = this.ctor.flags;
    if (own === undefined || !('ping-url' in own)) return;
    const { watchSettings } = await import('./watch/watch-settings.ts');
    const settings = watchSettings(this.id ?? '', this.argv, process.env);
    if (settings === undefined) return;
    const { beginWatch } = await import('./watch/watch.ts');
    this.watch = beginWatch(settings, { env: process.env });
  }

  private async endWatch(error: Error | undefined): Promise<void> {
    const exitCode =
      error instanceof Errors.ExitError ? (error.oclif.exit ?? 0) : Number(process.exitCode ?? ExitCode.done);
    const warnings = await this.watch?.end({ exitCode, profile: this.opened?.profile });
    for (const warning of warnings ?? []) {
      // After an error the JSON document is already written.
      if (error === undefined) this.addWarning(warning);
      else process.stderr.write(`postern: warning: ${warning}\n`);
    }
  }

  /** Where the flags are wrong, the hint names the command that was asked for. */
  private explain(error: unknown): ReportedError {
    const reported = explainError(error);
    if (!isParseError(error)) return reported;
    const help = `\`${this.config.bin} ${this.commandName} --help\` shows what it takes`;
    return { ...reported, hints: [...reported.hints, help] };
  }

  /** Known before the flags are parsed, and when they cannot be. */
  private get isVerbose(): boolean {
    const flags = this.flags as { readonly verbose?: boolean } | undefined;
    return flags?.verbose ?? this.argv.some((word) => word === '--verbose' || word === '-v');
  }

  private get commandName(): string {
    return (this.id ?? '').replaceAll(':', ' ');
  }

  /** The first Ctrl-C asks the work to stop at a safe point; the second does not wait. */
  private interrupt(): void {
    if (this.interruption.signal.aborted) process.exit(ExitCode.interrupted);
    process.exitCode = ExitCode.interrupted;
    if (!this.jsonEnabled())
      process.stderr.write('\nstopping at the next safe point; once more stops at once\n');
    this.interruption.abort();
  }
}
