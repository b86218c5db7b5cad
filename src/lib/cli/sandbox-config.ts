import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where `postern sandbox up` writes the configuration of the default sandbox. */
export function defaultSandboxConfig(env: Readonly<Record<string, string | undefined>>): string {
  const home =
    env['POSTERN_SANDBOX_HOME'] ??
    (process.getuid?.() === 0
      ? '/var/lib/postern/sandbox'
      : join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'postern', 'sandbox'));
  return join(home, 'default', 'postern.yaml');
}
