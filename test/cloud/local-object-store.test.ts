import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { objectStoreContract } from '../contract/object-store.ts';

let folder: string;
let store: ObjectStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-store-'));
  store = await openLocalObjectStore({ path: join(folder, 'store') });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

objectStoreContract('a folder', 'exclusive at once', () => store);
