import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DkimContext, DkimDomain } from '../../../src/lib/key/dkim/context.ts';
import { makePrivateKey, publicHalf } from '../../../src/lib/key/dkim/key-pair.ts';
import { rotateDkim } from '../../../src/lib/key/dkim/kind.ts';
import { recordText } from '../../../src/lib/key/dkim/record.ts';
import { readSelectors } from '../../../src/lib/key/dkim/register.ts';
import { planRotation, type RotationOptions } from '../../../src/lib/key/dkim/rotation.ts';
import { changedSelectors, nsupdateScript } from '../../../src/lib/key/dkim/zone-change.ts';
import type { ServerAddress } from '../../../src/lib/key/dns/exchange.ts';
import { type AppliedPlan, applyPlan } from '../../../src/lib/operation/apply.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { type DnsPrograms, type DnsWorld, startDnsWorld } from '../../support/dns-server.ts';
import { type TestState, testContext, testSigner, testState } from '../../support/operation.ts';

export const day = 86_400_000;

/** Name servers, a register, a folder for keys, and a clock that stands until it is told to go on. */
export interface DkimWorld {
  readonly dns: DnsWorld;
  readonly state: TestState;
  readonly folder: string;
  readonly context: DkimContext;
  readonly publicKey: string;
  settings(own: Partial<DkimDomain>): void;
  pass(milliseconds: number): void;
  /** The selectors of example.test with their states. */
  states(): Promise<Readonly<Record<string, string>>>;
  plan(own?: Partial<RotationOptions>): Promise<Plan>;
  apply(plan: Plan): Promise<AppliedPlan>;
  /** Applies what cannot go on yet, and tells why. */
  wait(plan: Plan): Promise<string>;
  /** Does in the zone what the register asks for, by the script for nsupdate. */
  changeZone(servers?: readonly ServerAddress[]): Promise<void>;
  /** A key pair that is published on both servers; the path of its private half. */
  publish(
    selector: string,
    own?: { readonly pem?: string; readonly servers?: readonly ServerAddress[] },
  ): Promise<string>;
  close(): Promise<void>;
}

export async function dkimWorld(programs: DnsPrograms): Promise<DkimWorld> {
  const dns = await startDnsWorld(programs);
  const state = await testState();
  const folder = await mkdtemp(join(tmpdir(), 'postern-dkim-'));
  const { publicKey, certificateSigner } = testSigner();
  // Real time goes on under it, so that the audit log and the journal keep their order.
  let offset = 0;
  let domain: DkimDomain = {
    algorithms: ['rsa-2048'],
    selector: '{algorithm}-{yyyymm}',
    cryptoperiod: 180 * day,
    queueLife: 5 * day,
    hold: 30 * day,
    activate: undefined,
    ttl: 1,
    nsupdate: { server: undefined, zone: 'example.test', keyFile: dns.keyFile },
  };
  const context: DkimContext = {
    ...testContext(state, { clock: { now: () => new Date(Date.now() + offset) }, certificateSigner }),
    folder,
    fileMode: 0o600,
    domains: ['example.test'],
    domain: () => domain,
    dns: {
      resolvers: [dns.resolver],
      port: dns.resolver.port,
      timeout: 500,
      signal: new AbortController().signal,
      authoritative: () => undefined,
    },
  };
  const apply = (plan: Plan): Promise<AppliedPlan> => applyPlan(context, rotateDkim(plan), plan.id);
  return {
    dns,
    state,
    folder,
    context,
    publicKey,
    settings: (own) => {
      domain = { ...domain, ...own };
    },
    pass: (milliseconds) => {
      offset += milliseconds;
    },
    states: async () => {
      const known = await readSelectors(state.pool, context.profile, 'example.test');
      return Object.fromEntries(known.map((entry) => [entry.selector, entry.state]));
    },
    plan: async (own = {}) => {
      const plan = await planRotation(context, 'example.test', {
        reason: 'scheduled',
        algorithms: undefined,
        ...own,
      });
      await savePlan(context, plan);
      return plan;
    },
    apply,
    wait: async (plan) => {
      const error: unknown = await apply(plan).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ exitCode: 7, cause: { code: 'dkim-waiting' } });
      return (error as Error).message;
    },
    changeZone: async (servers) => {
      const known = await readSelectors(state.pool, context.profile, 'example.test');
      const script = nsupdateScript(changedSelectors(known), domain, 'change.txt');
      const lines = script.split('\n').filter((line) => line.startsWith('update '));
      await dns.update(lines, servers);
    },
    publish: async (selector, { pem, servers } = {}) => {
      const key = pem ?? (await makePrivateKey('rsa-2048'));
      const file = join(folder, `${selector}.private`);
      await writeFile(file, key, { mode: 0o600 });
      const { keyType, publicKey: half } = publicHalf(key, file);
      const text = recordText(keyType, half)
        .match(/.{1,200}/g)
        ?.map((part) => `"${part}"`)
        .join(' ');
      await dns.update([`update add ${selector}._domainkey.example.test 1 IN TXT ${text}`], servers);
      return file;
    },
    close: async () => {
      await dns.stop();
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
