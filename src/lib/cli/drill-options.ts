import type { DrillContext, DrillServer, SmokeQuery } from '../backup/drill/context.ts';
import { usageError } from '../base/error.ts';
import type { DrillSettings } from '../config/drill-settings.ts';
import { secretReference } from '../config/secret.ts';
import { restoreContext } from './backup-context.ts';
import type { PosternContext } from './context.ts';
import { givenDrillServer, startDrillServer } from './drill-server.ts';

/** All that a drill needs. @throws {PosternError} exit 2 */
export async function drillContext(
  context: PosternContext,
  version: string,
  from?: string,
): Promise<DrillContext> {
  const { serverUrl: _, ...restore } = await restoreContext(context, from);
  return { ...restore, tool: `postern ${version}` };
}

/**
 * What makes the server of a drill: the flag's, else the configured one, else an embedded one.
 * @param asked `embedded`, a reference, or undefined
 * @throws {PosternError} exit 2, `server-unknown`
 */
export async function drillServer(
  context: PosternContext,
  asked: string | undefined,
): Promise<(need: { readonly major: number }) => Promise<DrillServer>> {
  const url = await drillServerUrl(context, asked);
  return url === undefined ? startDrillServer : async () => givenDrillServer(url);
}

/** The given server; undefined for an embedded one. Errors as `drillServer`. */
export async function drillServerUrl(
  context: PosternContext,
  asked: string | undefined,
): Promise<string | undefined> {
  const reference = asked ?? context.settings('backup').drill?.server_url ?? 'embedded';
  if (reference === 'embedded') return undefined;
  if (secretReference.test(reference)) return context.secret('backup', reference);
  throw usageError('the server is neither `embedded` nor a reference', {
    code: 'server-unknown',
    hints: ['a URL holds a password: name where it is kept, ${file:PATH} or ${env:NAME}'],
  });
}

/** The smoke queries of the configuration, in its order. */
export function smokeQueries(settings: DrillSettings | undefined): readonly SmokeQuery[] {
  return Object.entries(settings?.smoke ?? {}).map(
    ([name, { source = 'platform', sql, timeout = 30_000, expect }]) => {
      const { rows, min, equals } = expect;
      return {
        name,
        source,
        sql,
        timeout,
        expect: {
          ...(rows === undefined ? {} : { rows }),
          ...(min === undefined ? {} : { min }),
          ...(equals === undefined ? {} : { equals }),
        },
      };
    },
  );
}
