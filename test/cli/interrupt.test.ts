import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type CliWorld, preparedWorld, type Started, start } from './cli-world.ts';

let world: CliWorld;
let store: Server;
let stored: string[] = [];
let isAsked = Promise.withResolvers<void>();

let answers: (() => void)[] = [];
let mode: 'silent' | 'answering' = 'silent';

/** A store that takes what comes and answers when we say so: a run that has come that far stays there meanwhile. */
beforeAll(async () => {
  world = await preparedWorld();
  store = createServer((request, response) => {
    request.resume();
    if (request.method !== 'PUT') {
      response.writeHead(404).end();
      return;
    }
    stored.push(request.url ?? '');
    const answer = (): void => {
      response.writeHead(200, { etag: '"x"' }).end();
    };
    if (mode === 'answering') answer();
    else answers.push(answer);
    isAsked.resolve();
  });
  store.listen(0, '127.0.0.1');
  await once(store, 'listening');
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  await world.file('secrets/store-key', 'x');
  config.profiles.test.stores.offsite = {
    adapter: 's3',
    bucket: 'silent',
    endpoint: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
    credentials: {
      access_key_id: '${file:secrets/store-key}',
      secret_access_key: '${file:secrets/store-key}',
    },
  };
  await world.file('silent.yaml', stringify(config));
});
afterAll(async () => {
  store?.closeAllConnections();
  store?.close();
  await world?.close();
});

const silent = ['--config', 'silent.yaml'];

async function startBackup(...flags: readonly string[]): Promise<Started> {
  stored = [];
  answers = [];
  mode = 'silent';
  isAsked = Promise.withResolvers();
  const run = start(['backup', 'run', ...silent, ...flags], world.folder);
  await Promise.race([
    isAsked.promise,
    run.ended.then((code) => {
      throw new Error(`ended with ${code}: ${run.stdout()}${run.stderr()}`);
    }),
  ]);
  return run;
}

/** From now on the store answers, also what it was asked before. */
function answerAll(): void {
  mode = 'answering';
  for (const answer of answers.splice(0)) answer();
}

describe('a running backup', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('stops soon after %s with 130, and leaves no set', async (name) => {
    const run = await startBackup();
    run.signal(name);
    await run.says('once more stops at once');
    answerAll();
    const asked = performance.now();
    expect(await run.ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(run.stdout()).toBe('');
    expect(run.stderr()).toBe(
      '\nstopping at the next safe point; once more stops at once\npostern: error: interrupted\n',
    );
    expect(stored.filter((path) => path.includes('manifest'))).toEqual([]);
  });

  it('says the same under --json, and the next run succeeds', async () => {
    const run = await startBackup('--json');
    run.signal('SIGINT');
    answerAll();
    expect(await run.ended).toBe(130);
    expect(run.stderr()).toBe('');
    expect(JSON.parse(run.stdout())).toMatchObject({
      command: 'backup run',
      ok: false,
      error: { code: 'interrupted', exitCode: 130 },
    });
    await world.must('backup', 'run');
  });

  it('whose store does not answer ends at once at the second SIGINT', async () => {
    const run = await startBackup();
    run.signal('SIGINT');
    await run.says('once more stops at once');
    const asked = performance.now();
    run.signal('SIGINT');
    expect(await run.ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(3_000);
    expect(stored.filter((path) => path.includes('manifest'))).toEqual([]);
  });
});
