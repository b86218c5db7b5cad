import { usageError } from '../base/error.ts';
import type { DkimDomainSettings } from '../config/dkim-settings.ts';
import type { DkimContext, DkimDomain } from '../key/dkim/index.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';

const day = 86_400_000;

/** Cloudflare, Google and Quad9: three that do not share an operator. */
const publicResolvers = ['1.1.1.1', '8.8.8.8', '9.9.9.9'].map((address) => ({ address, port: 53 }));

/** All that managing DKIM keys needs. @throws {PosternError} exit 2 `not-configured` */
export async function dkimContext(context: PosternContext): Promise<DkimContext> {
  const { dkim: settings, cryptoperiods } = context.settings('keys');
  if (settings === undefined) {
    throw usageError(`the profile ${context.profile} has no keys.dkim`, {
      code: 'not-configured',
      hints: [`add it to ${context.config.file}; docs/configuration.md shows how`],
    });
  }
  const { domains, folder, file_mode: mode = '0600', resolvers = publicResolvers, timeout = 3000 } = settings;
  return {
    ...(await operationContext(context)),
    folder: context.path('keys', folder),
    fileMode: Number.parseInt(mode, 8),
    domains: Object.keys(domains),
    domain: (name) => {
      const found = domains[name];
      if (found !== undefined)
        return domainOf({ cryptoperiod: cryptoperiods?.dkim, ...found }, (path) =>
          context.path('keys', path),
        );
      throw usageError(`the profile ${context.profile} has no keys.dkim.domains.${name}`, {
        code: 'dkim-domain-unknown',
        hints: [`it has ${Object.keys(domains).join(', ')}`],
      });
    },
    dns: {
      resolvers,
      timeout,
      port: 53,
      signal: context.signal,
      authoritative: (name) => domains[name]?.authoritative,
    },
  };
}

function domainOf(settings: DkimDomainSettings, path: (path: string) => string): DkimDomain {
  const { nsupdate, ttl = 3_600_000 } = settings;
  return {
    algorithms: settings.algorithms ?? ['rsa-2048'],
    selector: settings.selector ?? '{algorithm}-{yyyymm}',
    cryptoperiod: settings.cryptoperiod ?? 180 * day,
    queueLife: settings.queue_life ?? 5 * day,
    hold: settings.hold ?? 30 * day,
    activate: settings.activate,
    ttl: Math.round(ttl / 1000),
    nsupdate: {
      server: nsupdate?.server,
      zone: nsupdate?.zone,
      keyFile: nsupdate?.key_file === undefined ? undefined : path(nsupdate.key_file),
    },
  };
}
