import type { OperationContext } from '../../operation/context.ts';
import type { DkimAlgorithm } from './key-pair.ts';
import type { DnsOptions } from './observe.ts';
import type { ZoneChangeSettings } from './zone-change.ts';

/** What DKIM keys are managed with. */
export interface DkimContext extends OperationContext {
  readonly dns: DnsOptions;
  /** Where private keys lie, a folder for each domain. */
  readonly folder: string;
  /** Permission bits of private keys. */
  readonly fileMode: number;
  /** Those of the configuration, in its order. */
  readonly domains: readonly string[];
  /** @throws {PosternError} exit 2 `dkim-domain-unknown` */
  domain(name: string): DkimDomain;
}

/** How the keys of one domain are managed. Times are in milliseconds. */
export interface DkimDomain extends ZoneChangeSettings {
  readonly algorithms: readonly DkimAlgorithm[];
  /** How selectors are named, with {algorithm} and parts of the date. */
  readonly selector: string;
  readonly cryptoperiod: number;
  readonly queueLife: number;
  readonly hold: number;
  /** A program and its arguments, run when other keys are to sign. */
  readonly activate: readonly string[] | undefined;
}
