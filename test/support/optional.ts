import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

/** A program that some tests need and that not every machine has. */
export type OptionalTool =
  | 'gpg'
  | 'zstd'
  | 'psql'
  | 'moto'
  | 'seaweedfs'
  | 'openssl'
  | 'jq'
  | 'python3'
  | 'script'
  | 'bash'
  | 'zsh'
  | 'promtool'
  | 'systemd-analyze'
  | 'flock';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Servers that pip installs: their program, and where it is looked for before PATH. */
const servers: Partial<
  Record<OptionalTool, { readonly program: string; readonly places: readonly string[] }>
> = {
  moto: {
    program: 'moto_server',
    places: [process.env['POSTERN_MOTO_SERVER'] ?? '', join(root, '.venv-moto/bin/moto_server')],
  },
  seaweedfs: {
    program: 'weed',
    places: [process.env['POSTERN_WEED'] ?? '', join(root, '.venv-seaweedfs/bin/weed')],
  },
};

/** The absolute path of an optional program, or undefined when it is not installed. */
function optionalTool(name: OptionalTool): string | undefined {
  const { program, places } = servers[name] ?? { program: name, places: [] };
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program));
  return [...places, ...onPath].find((path) => path !== '' && isProgram(path));
}

/** Whether a missing optional tool is a failure: `POSTERN_REQUIRE_OPTIONAL=1`, as the continuous integration sets it. */
function requiresOptional(): boolean {
  return process.env['POSTERN_REQUIRE_OPTIONAL'] === '1';
}

/**
 * A suite that needs optional tools. Where one is missing, a single skipped test says which (visible in the report);
 * under `POSTERN_REQUIRE_OPTIONAL=1` that test fails instead.
 * @param body receives the path of every tool asked for
 */
export function describeWith<Name extends OptionalTool>(
  tools: readonly Name[],
  title: string,
  body: (paths: Readonly<Record<Name, string>>) => void,
): void {
  const found = tools.map((name) => [name, optionalTool(name)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  const reason = missing.length === 0 ? undefined : `needs ${missing.join(' and ')}, not installed here`;
  describeUnless(reason, title, () => body(Object.fromEntries(found) as Record<Name, string>));
}

/** A suite that something may stand in the way of: the reason, or undefined. Under the same rule as `describeWith`. */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  describe(title, () => {
    if (reason === undefined) {
      body();
      return;
    }
    if (requiresOptional()) {
      test(reason, () => {
        throw new Error(`${reason}; POSTERN_REQUIRE_OPTIONAL=1 makes that a failure`);
      });
    } else {
      test.skip(reason, () => {});
    }
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
