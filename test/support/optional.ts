import { spawnSync } from 'node:child_process';
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
  | 'cryptography'
  | 'script'
  | 'bash'
  | 'zsh'
  | 'promtool'
  | 'systemd-analyze'
  | 'flock'
  | 'knotd'
  | 'named'
  | 'named-checkzone'
  | 'dig'
  | 'dkimsign'
  | 'nsupdate';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What pip installs: its program, where it is looked for before PATH, and the module that its Python must have. */
interface Installed {
  readonly program: string;
  readonly places: readonly string[];
  readonly module?: string;
}

const installed: Partial<Record<OptionalTool, Installed>> = {
  moto: {
    program: 'moto_server',
    places: [process.env['POSTERN_MOTO_SERVER'] ?? '', join(root, '.venv-moto/bin/moto_server')],
  },
  seaweedfs: {
    program: 'weed',
    places: [process.env['POSTERN_WEED'] ?? '', join(root, '.venv-seaweedfs/bin/weed')],
  },
  cryptography: {
    program: 'python3',
    places: [join(root, '.venv-cryptography/bin/python3')],
    module: 'cryptography',
  },
};

/** The absolute path of an optional program, or undefined when it is not installed. */
function optionalTool(name: OptionalTool): string | undefined {
  const { program, places, module }: Installed = installed[name] ?? { program: name, places: [] };
  // Servers of Debian's lie in a folder that an ordinary user's PATH leaves out.
  const onPath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program));
  return [...places, ...onPath].find((path) => path !== '' && isProgram(path) && hasModule(path, module));
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

function hasModule(python: string, module: string | undefined): boolean {
  return module === undefined || spawnSync(python, ['-c', `import ${module}`]).status === 0;
}
