import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import {
  type OpenpgpContext,
  openpgpRotation,
  type PlannedRotation,
  planRotation,
  type RotateOptions,
} from '../../src/lib/key/openpgp/index.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type TestState, testContext, testSigner, testState } from './operation.ts';

export const day = 86_400_000;

/** A key whose files lie in a folder of their own, and two public files of it. */
export interface KeyFiles {
  readonly folder: string;
  readonly pair: KeyPair;
  readonly secretFile: string;
  readonly publicFiles: readonly [string, string];
}

/** A folder for keys, and a state database. */
export interface OpenpgpWorld {
  readonly state: TestState;
  readonly signer: ReturnType<typeof testSigner>;
  readonly folder: string;
  /** Makes a key an hour ago, so that what is signed now is younger. */
  key(own?: Partial<Parameters<typeof generateKeyPair>[0]>): Promise<KeyFiles>;
  context(files: KeyFiles, own?: Partial<OpenpgpContext>): OpenpgpContext;
  plan(context: OpenpgpContext, options: RotateOptions): Promise<PlannedRotation>;
  apply(context: OpenpgpContext, plan: Plan): ReturnType<typeof applyPlan>;
}

/** Makes the world before the tests of a file, and drops it after them. */
export function openpgpWorld(): OpenpgpWorld {
  const signer = testSigner();
  let state: TestState;
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    state = await testState();
    folder = await mkdtemp(join(tmpdir(), 'postern-openpgp-'));
  });
  afterAll(async () => {
    await state.close();
    await rm(folder, { recursive: true });
  });
  return {
    get state() {
      return state;
    },
    get folder() {
      return folder;
    },
    signer,
    key: async (own = {}) => {
      count += 1;
      const pair = await generateKeyPair({
        name: `key ${count}`,
        email: 'key@example.org',
        purpose: 'encrypt',
        now: new Date(Date.now() - 3_600_000),
        ...own,
      });
      const files = filesIn(join(folder, `key-${count}`), pair);
      await mkdir(files.folder);
      await writeFile(files.secretFile, pair.secretKey, { mode: 0o600 });
      for (const path of files.publicFiles) await writeFile(path, pair.publicKey);
      return files;
    },
    context: (files, own = {}) => keyContext({ ...testContext(state), ...signer }, files, own),
    plan: async (context, options) => {
      const planned = await planRotation(context, options);
      await savePlan(context, planned.plan);
      return planned;
    },
    apply: (context, plan) => applyPlan(context, openpgpRotation, plan.id),
  };
}

function filesIn(folder: string, pair: KeyPair): KeyFiles {
  const publicFiles = [join(folder, 'a.pub.asc'), join(folder, 'b.pub.asc')] as const;
  return { folder, pair, secretFile: join(folder, 'key.sec.asc'), publicFiles };
}

/** A context in which the configuration names these files. */
export function keyContext(
  operation: ReturnType<typeof testContext>,
  { publicFiles, secretFile }: Pick<KeyFiles, 'publicFiles' | 'secretFile'>,
  own: Partial<OpenpgpContext> = {},
): OpenpgpContext {
  return {
    ...operation,
    publicFiles,
    secretFiles: [secretFile],
    passphrase: () => Promise.resolve(undefined),
    setsOpenedBy: () => Promise.resolve(undefined),
    ...own,
  };
}

/** A new subkey for a year, with the plainest value of everything else. */
export function rotateOptions(secretFile: string, own: Partial<RotateOptions> = {}): RotateOptions {
  return {
    secretFile,
    passphraseFile: null,
    change: 'subkey',
    duration: 365 * day,
    standard: { recipient: 730 * day, signer: 365 * day },
    old: 'replace',
    meant: undefined,
    ...own,
  };
}

export async function text(path: string): Promise<string> {
  return (await readFile(path)).toString();
}

export const later = (milliseconds: number) => new Date(Date.now() + milliseconds);

/** Everything in the key's folder, by name. */
export async function contents({ folder }: KeyFiles): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await text(join(folder, name))])),
  );
}
