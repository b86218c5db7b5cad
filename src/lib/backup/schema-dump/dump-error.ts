import { failure, type PosternError } from '../../base/error.ts';

/** Longer lines (a LOCK TABLE names every table) are cut here. */
const lineLimit = 500;

interface KnownError {
  readonly pattern: RegExp;
  readonly code: string;
  readonly hint: (match: RegExpExecArray) => string;
}

const knownErrors: readonly KnownError[] = [
  {
    pattern: /permission denied for (\S+) (.*)/,
    code: 'schema-dump-privilege',
    hint: ([, kind = '', name = '']) =>
      `grant ${missingPrivilege(kind)} on ${kind} ${name} to the backup role, or grant it pg_read_all_data`,
  },
  {
    pattern: /(?:invalid snapshot identifier|snapshot "[^"]*" does not exist|could not import)/,
    code: 'snapshot-lost',
    hint: () => 'the session that holds the snapshot has ended; run the backup again',
  },
  {
    pattern: /canceling statement due to (?:lock|statement) timeout/,
    code: 'schema-dump-lock-timeout',
    hint: () => 'somebody holds an exclusive lock on a table: see pg_locks, and run again when it is gone',
  },
  {
    pattern: /aborting because of server version mismatch/,
    code: 'pg-dump-too-old',
    hint: () => "install a pg_dump of the server's major version or a later one",
  },
];

/** What a failed pg_dump's messages (in English) mean: exit 1, with the most fitting `code` and hints. */
export function dumpError(messages: string, exitCode: number): PosternError {
  const known = knownErrors
    .map(({ pattern, code, hint }) => ({ match: pattern.exec(messages), code, hint }))
    .find(({ match }) => match !== null);
  return failure(`pg_dump ended with exit code ${exitCode}: ${summary(messages)}`, {
    code: known?.code ?? 'schema-dump-failed',
    hints: [
      known?.match
        ? known.hint(known.match)
        : 'what pg_dump says is about the database or the connection to it; the log of the server may say more',
    ],
  });
}

/** The lines of pg_dump that say that something was left out or looks odd; a dump can succeed with them. */
export function dumpWarnings(messages: string): readonly string[] {
  return messageLines(messages).filter((line) => line !== '');
}

function missingPrivilege(kind: string): string {
  if (kind === 'schema') return 'USAGE';
  return kind === 'function' ? 'EXECUTE' : 'SELECT';
}

function summary(messages: string): string {
  const lines = messageLines(messages);
  const errors = lines.filter((line) => !/^(?:warning|hint): /.test(line));
  return (errors.length > 0 ? errors : lines).join('; ') || 'it said nothing';
}

function messageLines(messages: string): readonly string[] {
  return messages
    .split('\n')
    .map((line) => line.trim().replace(/^\S*pg_dump: /, ''))
    .filter((line) => line !== '')
    .map((line) => (line.length > lineLimit ? `${line.slice(0, lineLimit)}…` : line));
}
