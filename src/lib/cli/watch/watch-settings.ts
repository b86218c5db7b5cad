/** What the flags and the environment ask to be told of a run. */
export interface WatchSettings {
  readonly job: string;
  /** As far as flags and environment say; the configuration may know better later. */
  readonly profile: string | undefined;
  readonly prometheus: string | undefined;
  readonly pingUrl: string | undefined;
  readonly isPingUrlOnCommandLine: boolean;
}

/**
 * Read from the words themselves and not from parsed flags, since a run that fails on a wrong flag must be told too.
 * @returns undefined when nothing is to be told: no target, or a dry run, which is no run
 */
export function watchSettings(
  commandId: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): WatchSettings | undefined {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const prometheus = flagValue(own, 'prometheus');
  const fromFlag = flagValue(own, 'ping-url');
  const pingUrl = fromFlag ?? notEmpty(env['POSTERN_PING_URL']);
  if ((prometheus ?? pingUrl) === undefined || own.includes('--dry-run')) return undefined;
  return {
    job: flagValue(own, 'job') ?? commandId.replaceAll(':', '-'),
    profile: flagValue(own, 'profile') ?? notEmpty(env['POSTERN_PROFILE']),
    prometheus,
    pingUrl,
    isPingUrlOnCommandLine: fromFlag !== undefined,
  };
}

/** `--name VALUE` or `--name=VALUE`; the last one counts, as it does for the parser. */
function flagValue(argv: readonly string[], name: string): string | undefined {
  return argv.reduce<string | undefined>((found, word, index) => {
    if (word === `--${name}`) return notEmpty(argv[index + 1]) ?? found;
    return word.startsWith(`--${name}=`) ? notEmpty(word.slice(name.length + 3)) : found;
  }, undefined);
}

function notEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
