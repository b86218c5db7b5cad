import type { Hook } from '@oclif/core';
import { usageError } from '../base/error.ts';
import { errorEnvelope } from './envelope.ts';
import { explainError, formatError } from './report-error.ts';

/**
 * Says which command was probably meant, and never runs it: a guess at 3 a.m. is how mail gets lost. Set as
 * oclif's `command_not_found` hook; it must not throw, because oclif would print that in its own way.
 */
const commandNotFound: Hook.CommandNotFound = async function hook({ id, argv, config }) {
  const asked = id.replaceAll(':', ' ');
  const known = config.commands
    .filter(({ hidden }) => !hidden)
    .map((command) => command.id.replaceAll(':', ' '));
  const nearest = known
    .map((name) => ({ name, distance: editDistance(asked, name) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const isNear = nearest !== undefined && nearest.distance <= Math.max(2, asked.length / 3);
  const reported = explainError(
    usageError(`there is no command ${asked}`, {
      code: 'unknown-command',
      hints: [
        isNear
          ? `did you mean \`${config.bin} ${nearest.name}\`?`
          : `\`${config.bin} --help\` lists the commands`,
      ],
    }),
  );
  if ((argv ?? []).includes('--json'))
    process.stdout.write(`${JSON.stringify(errorEnvelope(asked, reported, []), undefined, 2)}\n`);
  else process.stderr.write(`${formatError(reported)}\n`);
  process.exitCode = reported.exitCode;
};

export default commandNotFound;

/** Levenshtein's distance, in single-character edits. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (current[column - 1] ?? 0) + 1,
          (previous[column] ?? 0) + 1,
          (previous[column - 1] ?? 0) + cost,
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
