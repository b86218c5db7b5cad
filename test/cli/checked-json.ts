import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { z } from 'zod';
import { type CliResult, projectRoot } from '../support/cli.ts';

interface Declared {
  readonly default: { readonly exitCodes: readonly number[]; readonly result: () => Promise<z.ZodType> };
}

const error = z.strictObject({
  message: z.string(),
  code: z.string().regex(/^[a-z0-9-]+$/),
  exitCode: z.number().int(),
  hints: z.array(z.string()),
});

/** Commands whose real output was held against their schema, for a last test that none was forgotten. */
export const checked = new Set<string>();

/**
 * Holds a run under `--json` against what its command declares: the envelope, the strict schema of the result, the
 * exit codes. stderr must be empty.
 * @param command as `plan show`
 */
export async function checkedJson(command: string, run: CliResult): Promise<ReturnType<CliResult['json']>> {
  const file = join(projectRoot, 'src/commands', `${command.replaceAll(' ', '/')}.ts`);
  const { default: declared } = (await import(pathToFileURL(file).href)) as Declared;
  const common = { schemaVersion: z.literal(1), command: z.literal(command), warnings: z.array(z.string()) };
  const envelope = z.union([
    z.strictObject({ ...common, ok: z.boolean(), result: await declared.result() }),
    z.strictObject({ ...common, ok: z.literal(false), result: z.null(), error }),
  ]);
  expect(run.stderr).toBe('');
  const json = run.json();
  const parsed = envelope.safeParse(json);
  expect(parsed.error?.issues ?? [], `${command}\n${run.stdout}`).toEqual([]);
  expect(declared.exitCodes, command).toContain(run.code);
  expect(json.ok).toBe(run.code === 0);
  if (json.error === undefined) checked.add(command);
  else expect(json.error.exitCode).toBe(run.code);
  return json;
}
